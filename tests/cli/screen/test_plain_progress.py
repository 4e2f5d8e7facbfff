"""Pictures that are read are counted in lines, now and then and at the end."""

from nndl.cli.screen.plain_progress import PlainPictureProgress


def test_a_line_says_how_many_how_fast_and_how_long() -> None:
    said: list[str] = []
    clock = iter([0.0, 10.0, 11.0, 16.0, 20.0])
    told = PlainPictureProgress(said.append, clock=lambda: next(clock))
    told.start("reading pets", 2000)
    for count in (100, 500, 1400):
        told.advance(count)
    told.note("note: one is damaged")
    assert said == [
        "reading pets: 600 of 2,000 pictures, 100 a second, 14 s left",
        "reading pets: 2,000 of 2,000 pictures, 200 a second, 0 s left",
        "note: one is damaged",
    ]
