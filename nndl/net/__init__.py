"""Networks: layers as descriptions, shapes, parameters, and the plan that runs them."""
