"""Experiments of every shape that a config can describe."""

from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt
from hypothesis import strategies as st

from nndl.config.schema import Data, Experiment, Model, Train
from nndl.data.augment import (
    AlternatingFlip,
    AutoAugment,
    ColorJitter,
    Crop,
    Cutout,
    Equalize,
    Flip,
    Posterize,
    RandAugment,
    RandomAffine,
    RandomErasing,
    Rotation,
    TrivialAugment,
)
from nndl.data.augment.mixing import Cutmix, Mixup
from nndl.net.catalog import LAYERS, Affine, Concat, Conv, Residual, Sum
from nndl.net.catalog.block import Block
from nndl.net.layer import Layer
from nndl.net.losses import SoftmaxLoss, SvmLoss
from nndl.train.optimizers import OPTIMIZERS
from nndl.train.schedules import Constant, Cosine, LrDecay, Multistep, OneCycle, PiecewiseLinear, Plateau, WarmRestarts
from nndl.train.transforms import Ema
from nndl.train.updater import Group

EPOCHS = 20

rates = st.floats(1e-8, 1e8)
shares = st.floats(0, 1, exclude_max=True)


def of(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that an option's annotation allows, whole numbers small."""
    if get_origin(annotation) is Annotated:
        base, *limits = get_args(annotation)
        return of(base).filter(lambda value: all(_within(value, limit) for limit in limits))
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_args(annotation):
        return st.one_of([of(each) for each in get_args(annotation)])
    simple = {
        bool: st.booleans(),
        int: st.integers(0, 5),
        float: st.floats(0, 2, width=32) | shares,
        type(None): st.none(),
    }
    return simple[annotation]


def _within(value: Any, limit: Any) -> bool:
    checks = {Ge: lambda: value >= limit.ge, Gt: lambda: value > limit.gt, Le: lambda: value <= limit.le}
    return bool((checks | {Lt: lambda: value < limit.lt})[type(limit)]())


def described(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Descriptions of one class, every option at its default or anything it may be."""
    hints = get_type_hints(cls, include_extras=True)
    options = {
        field.name: of(hints[field.name])
        if field.default is MISSING
        else st.just(field.default) | of(hints[field.name])
        for field in fields(cls)
        if field.name not in ("nesterov", "name", "pad", "init", "kernel", "groups")
    }
    return st.builds(cls, **options)


KEEP_SIZE = ("spatial_bn", "relu", "leaky_relu", "gelu", "silu", "elu", "prelu", "hard_swish", "scale")
keep_size = st.sampled_from([LAYERS[kind] for kind in KEEP_SIZE])
dropping = st.sampled_from([LAYERS["dropout"], LAYERS["stochastic_depth"]])
dropouts = dropping.flatmap(
    lambda kind: (
        st.builds(kind, keep=st.floats(0, 1, exclude_min=True))
        | st.builds(kind, drop=st.floats(0, 1, exclude_max=True))
    )
)
on_images: st.SearchStrategy[Layer] = (
    keep_size.flatmap(described)
    | dropouts
    | st.builds(
        LAYERS["conv"],
        filters=st.integers(1, 8),
        kernel=st.sampled_from([1, 3, 5, (3, 1), (1, 5)]),
        dilation=st.sampled_from([1, 2, (1, 2)]),
        bias=st.booleans(),
        init=st.sampled_from(["he", "xavier", "normal", "uniform", "dirac", "zeros"]),
    )
)
blocks = st.lists(on_images, min_size=1, max_size=3).map(lambda layers: Residual(layers=tuple(layers)))
blocks |= st.lists(keep_size.flatmap(described), max_size=2).map(
    lambda layers: Residual(layers=(Conv(filters=3), *layers), shortcut=(Conv(filters=3, kernel=1), *layers[:1]))
)
names = st.lists(st.sampled_from(["x", "new", "a-b", "3", "null"]), min_size=2, max_size=3, unique=True)
blocks |= names.map(lambda names: Concat(branches=tuple((name, (Conv(filters=2),)) for name in names)))
blocks |= st.tuples(names, keep_size.flatmap(described)).map(
    lambda both: Sum(branches=((both[0][0], (both[1],)), *((name, ()) for name in both[0][1:])))
)
nested = st.lists(on_images | blocks, min_size=1, max_size=2).map(
    lambda layers: Residual(layers=tuple(layers), name=None)
)
bodies = st.lists(on_images | blocks | nested | st.just(LAYERS["group_norm"](groups=1)), max_size=4)  # type: ignore[call-arg]
heads = st.lists(st.sampled_from([LAYERS["flatten"](), LAYERS["bn"](), LAYERS["layer_norm"]()]), max_size=1)

schedules = st.one_of(
    st.just(Constant()),
    st.builds(LrDecay, factor=rates, per=st.integers(1, 5)),
    st.builds(
        Multistep,
        epochs=st.lists(st.integers(1, EPOCHS - 1), min_size=1, unique=True).map(
            lambda e: tuple(map(float, sorted(e)))
        ),
        factor=rates,
    ),
    st.builds(Cosine, final=shares),
    st.builds(Plateau, factor=st.floats(0.1, 0.9), by=st.sampled_from(["accuracy", "loss"])),
    st.builds(WarmRestarts, t_0=st.floats(1, EPOCHS / 2), t_mult=st.integers(1, 3), final=shares),  # a step or more
    st.builds(OneCycle, peak_at=st.floats(0.1, 0.9), start=shares, final=shares),
    st.builds(
        PiecewiseLinear,
        points=st.lists(st.tuples(st.floats(0, EPOCHS), shares), min_size=1, max_size=4, unique_by=lambda p: p[0]).map(
            lambda p: tuple(sorted(p))
        ),
    ),
)
augmentations = st.lists(
    st.one_of(
        st.builds(Flip, probability=shares),
        st.just(AlternatingFlip()),
        st.builds(Crop, pad=st.integers(0, 31), mode=st.sampled_from(["zero", "reflect"])),
        st.builds(Cutout, size=st.integers(1, 32), fill=st.sampled_from(["auto", "mean", 0, (1, 2, 3)])),
        st.builds(ColorJitter, brightness=shares, contrast=shares, saturation=shares),
        st.sampled_from(
            [TrivialAugment(), RandAugment(3, operations=1), AutoAugment(fill=(1,)), Equalize(), Posterize(2)]
        ),
        st.builds(RandomErasing, probability=shares, fill=st.sampled_from(["noise", "mean", 255])),
        st.builds(Rotation, degrees=shares, fill=st.sampled_from(["mean", (9,)])),
        st.builds(RandomAffine, translate=shares, scale=st.just((0.5, 2.0)), shear=shares),
    ),
    max_size=3,
).map(tuple)
mixings = st.lists(
    st.one_of(
        st.builds(Mixup, alpha=st.floats(0.01, 10), probability=shares),
        st.builds(Cutmix, alpha=st.floats(0.01, 10), probability=shares),
    ),
    max_size=2,
).map(tuple)
groups = st.tuples(  # the general one first: the last that matches counts
    *(st.none() | st.builds(Group, match=st.just(match), learning_rate=rates) for match in ("*", "affine1.w"))
).map(lambda both: tuple(group for group in both if group))


def has_filters(layers: Iterable[Layer]) -> bool:
    """Tell whether a convolution is among the layers, or in a block."""
    return any(
        isinstance(layer, Conv)
        or (isinstance(layer, Block) and any(has_filters(b.layers) for b in layer.branches_of()))
        for layer in layers
    )


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """An experiment that nothing is wrong with."""
    body, head = draw(bodies), draw(heads)
    flat = [LAYERS["global_avg_pool"]()] if head else []
    rules = sorted(kind for kind in OPTIMIZERS if kind != "muon" or has_filters(body))
    optimizer = draw(st.sampled_from(rules).flatmap(lambda kind: described(OPTIMIZERS[kind])))
    loss = draw(st.sampled_from([SvmLoss(), SoftmaxLoss(), SoftmaxLoss(label_smoothing=0.1)]))
    return Experiment(
        name=draw(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(str.strip)),
        seed=draw(st.integers(0, 2**70)),
        dtype=draw(st.sampled_from(["float32", "float64"])),
        engine=draw(st.sampled_from(["auto", "reference", "vectorized"])),
        threads=draw(st.just("auto") | st.integers(1, 64)),
        data=draw(
            st.builds(
                Data,
                train_size=st.just("all") | st.integers(6000, 50_000),
                augment=augmentations,
                mix=mixings if loss.takes_distributions else st.just(()),
                root=st.sampled_from(["data", "~/x y", "C:\\data", "on", "1e3", "null", "- a: {b"]),
            )
        ),
        model=Model(
            layers=(*body, *flat, *head, Affine(out_features=10)),
            loss=loss,
        ),
        train=draw(
            st.builds(
                Train,
                epochs=st.just(EPOCHS),
                optimizer=st.just(optimizer),
                schedule=schedules,
                l2=shares,
                weight_decay=shares if optimizer.own_weight_decay is None else st.just(0.0),
                groups=groups,
                clip_norm=st.none() | rates,
                average=st.none() | st.builds(Ema, decay=st.floats(0.1, 0.9)),
            )
        ),
    )
