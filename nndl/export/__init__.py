"""Networks handed on: to ONNX, PyTorch, safetensors and NumPy archives, and back."""
