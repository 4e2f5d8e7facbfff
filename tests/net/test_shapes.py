"""Shapes are known, and refused, before any array exists."""

import pytest

from nndl.errors import ConfigError, ShapeError
from nndl.net.catalog.activation import Relu, Relu6
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.branching import Concat, Sum
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, SpatialBn
from nndl.net.catalog.pool import GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.layer import Layer
from nndl.net.shapes import everything, infer_shapes

CIFAR = (3, 32, 32)


def test_names_count_their_kind_and_blocks_prefix_them() -> None:
    block = Residual(layers=(Conv(filters=8), Relu(), Conv(filters=8)))
    placed = infer_shapes((Conv(filters=8), Relu(), block, Conv(filters=4, name="last")), CIFAR)
    paths = [each.path for each in everything(placed)]
    assert paths == [
        "conv1",
        "relu1",
        "residual1",
        "residual1.conv1",
        "residual1.relu1",
        "residual1.conv2",
        "last",
    ]


def test_a_kind_that_ends_in_a_digit_is_set_apart_from_its_number() -> None:
    """relu61 would be the 61st relu, too."""
    placed = infer_shapes((*[Relu()] * 61, Relu6(), Residual(layers=(Relu6(), Relu6()))), CIFAR)
    paths = [each.path for each in everything(placed)]
    assert paths[60:] == ["relu61", "relu6_1", "residual1", "residual1.relu6_1", "residual1.relu6_2"]


def test_a_block_whose_shapes_differ_is_given_a_projection() -> None:
    block = Residual(layers=(Conv(filters=8, stride=2), Relu()))
    (placed,) = infer_shapes((block,), CIFAR)
    assert [inner.path for inner in placed.branches[1]] == ["residual1.projection"]
    assert placed.branches[1][0].out_shape == placed.out_shape == (8, 16, 16)


def test_a_shortcut_of_its_own_is_named_apart_from_the_layers() -> None:
    block = Residual(layers=(Conv(filters=8, stride=2),), shortcut=(Conv(filters=8, kernel=1, stride=2), SpatialBn()))
    (placed,) = infer_shapes((block,), CIFAR)
    assert [each.path for each in everything((placed,))] == [
        "residual1",
        "residual1.conv1",
        "residual1.shortcut.conv1",
        "residual1.shortcut.spatial_bn1",
    ]
    assert [each.where for each in placed.branches[1]] == [(0, "shortcut", 0), (0, "shortcut", 1)]


def test_a_shortcut_that_cannot_meet_the_layers_is_told_with_both_places() -> None:
    for shortcut, end in (((Relu(), Conv(filters=9)), (1, "shortcut", 1)), ((), (1, "shortcut"))):
        block = Residual(layers=(Conv(filters=8), Relu()), shortcut=shortcut)
        with pytest.raises(ShapeError, match="layers gives images 8 x 32 x 32, and shortcut gives") as caught:
            infer_shapes((Relu(), block), CIFAR)
        assert (caught.value.where, caught.value.also) == (end, (1, 1))


def test_a_projection_takes_steps_as_wide_as_the_block_does() -> None:
    (placed,) = infer_shapes((Residual(layers=(Conv(filters=3, stride=(1, 2)),)),), CIFAR)
    assert placed.branches[1][0].layer == Conv(name="projection", filters=3, kernel=1, stride=(1, 2), pad=0, bias=False)


def test_named_branches_are_in_the_names_of_their_layers() -> None:
    dense = Concat(branches=(("x", ()), ("new", (Relu(), Conv(filters=12)))))
    placed = infer_shapes((dense, Sum(branches=(("a", ()), ("b", (Relu(name="cut"),))), name="both")), CIFAR)
    paths = [each.path for each in everything(placed)]
    assert paths == ["concat1", "concat1.new.relu1", "concat1.new.conv1", "both", "both.b.cut"]
    assert [each.out_shape for each in placed] == [(15, 32, 32), (15, 32, 32)]
    assert placed[0].branches[1][1].where == (0, "new", 1)


@pytest.mark.parametrize(
    ("block", "places", "words"),
    [
        (Sum(branches=(("a", (Relu(), Conv(filters=4))), ("b", ()))), ("b",), "4 x 32 x 32, and b gives images 3 x 32"),
        (
            Concat(branches=(("a", ()), ("b", ()), ("c", (Relu(), Conv(filters=3, stride=2))))),
            ("c", 1),
            "a gives images 3 x 32 x 32, and c gives images 3 x 16 x 16; only",
        ),
        (
            Concat(branches=(("a", (GlobalMaxPool(),)), ("b", ()))),
            ("b",),
            "a gives vectors of 3, and b gives images 3 x 32 x 32",
        ),
    ],
)
def test_branches_that_cannot_meet_are_told_with_both_places(
    block: Layer, places: tuple[int | str, ...], words: str
) -> None:
    with pytest.raises(ShapeError, match=words) as caught:
        infer_shapes((Relu(), block), CIFAR)
    assert caught.value.where == (1, *places)
    assert caught.value.also is not None
    assert caught.value.also[:2] == (1, "a")


@pytest.mark.parametrize("kind", [Sum, Concat])
def test_branches_have_names_and_company(kind: type[Sum | Concat]) -> None:
    relu = (Relu(),)
    for branches in (
        (("a", relu),),
        (),
        (("a.b", relu), ("c", ())),
        (("name", relu), ("c", ())),
        (("a", ()), ("a", ())),
    ):
        with pytest.raises(ValueError, match=r"two branches|letters"):
            kind(branches=branches)


@pytest.mark.parametrize(
    ("layers", "where", "words"),
    [
        (
            (Conv(filters=8, kernel=33, pad=0),),
            (0,),
            "33 x 33 window.* 3 x 32 x 32.*largest .* fits is 32 x 32",
        ),
        ((Conv(filters=8, kernel=4),), (0,), "odd kernel, not 4; use kernel 5"),
        ((Conv(filters=8, kernel=(3, 2)),), (0,), r"odd kernel, not \[3, 2\]; use kernel 3 or"),
        (
            (MaxPool(size=8), Conv(filters=8, dilation=(1, 2), pad=0)),
            (1,),
            r"3 x 5 window \(its 3 x 3 numbers at dilation \[1, 2\]\), but images 3 x 4 x 4 .* fits is 4 x 4",
        ),
        ((Conv(filters=6), Conv(filters=9, groups=3), Conv(filters=8, groups=4)), (2,), "9 channels .* 8 filters is 1"),
        ((Conv(filters=8, groups="channels"),), (0,), "each of the 3 channels before it .* not 8"),
        ((Conv(filters=54, groups="channels", init="whitening"),), (0,), "no groups, no dilation"),
        ((Affine(out_features=10), Relu(), MaxPool()), (2,), "max_pool needs images"),
        ((Relu(), Bn()), (1,), "use spatial_bn"),
        ((Conv(filters=6), GroupNorm(groups=4)), (1,), "6 channels do not divide into 4 groups; use one of 1, 2, 3, 6"),
        ((Relu(), Residual(layers=(Relu(), Conv(filters=3, kernel=40)))), (1, 1), "40 x 40|odd kernel"),
        ((Residual(layers=(Conv(filters=3, kernel=5, pad=0),)),), (0,), "no stride"),
        ((GlobalMaxPool(), SpatialBn()), (1,), "spatial_bn needs images"),
    ],
)
def test_the_first_that_cannot_fit_is_named(layers: tuple[Layer, ...], where: tuple[int, ...], words: str) -> None:
    with pytest.raises(ShapeError, match=words) as caught:
        infer_shapes(layers, CIFAR)
    assert caught.value.where == where


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two layers are named 'a'") as caught:
        infer_shapes((Relu(name="a"), Relu(name="a")), CIFAR)
    assert caught.value.where == (1,)


def test_sides_may_differ_and_same_keeps_the_size_of_dilated_windows() -> None:
    layers = (
        Conv(filters=4, kernel=(1, 5), dilation=(1, 2)),
        MaxPool(size=(3, 2), pad=(1, 0)),
        Conv(filters=4, stride=(2, 1), groups="channels", pad=(0, 1)),
        MaxPool(size=3, stride=2, pad=1),
    )
    assert [p.out_shape for p in infer_shapes(layers, CIFAR)] == [(4, 32, 32), (4, 11, 16), (4, 5, 16), (4, 3, 8)]


def test_windows_that_do_not_fit_are_left_out() -> None:
    placed = infer_shapes((Conv(filters=4, kernel=2, pad=0), MaxPool(), MaxPool(), Conv(filters=4, stride=2)), CIFAR)
    assert [p.out_shape for p in placed] == [(4, 31, 31), (4, 15, 15), (4, 7, 7), (4, 4, 4)]


def test_macs_are_the_multiplications_of_the_formula() -> None:
    assert Conv(filters=32).macs(CIFAR) == 32 * 3 * 9 * 32 * 32
    assert Conv(filters=32, kernel=(3, 5), stride=(1, 2), groups=4, dilation=2).macs((8, 32, 32)) == 32 * 2 * 15 * 512
    assert Conv(filters=16, groups="channels").macs((8, 32, 32)) == 16 * 9 * 32 * 32
    assert Affine(out_features=10).macs((64, 8, 8)) == 4096 * 10
