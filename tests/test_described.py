"""Everything described bears a name of its own and stands in the table that configs are read by."""

import sys
from collections.abc import Iterator

from nndl.config.schema import ONE_OF
from nndl.described import Described


def below(described: type[Described]) -> Iterator[type[Described]]:
    """All classes derived from one, within nndl, for configs: what a sweep's file says has tables of its own.

    Other tests derive classes from them that bear their names; those do not stand in a module.
    """
    for each in described.__subclasses__():
        stands = getattr(sys.modules[each.__module__], each.__name__, None) is each
        if stands and each.__module__.startswith("nndl.") and not each.__module__.startswith("nndl.jobs.sweeps."):
            yield each
        yield from below(each)


def test_what_has_a_name_stands_in_one_table_under_it() -> None:
    named = [each for each in below(Described) if "kind" in vars(each)]
    assert sorted(named, key=repr) == sorted((each for key in ONE_OF for each in key.table.values()), key=repr)
    assert all(each.kind == kind for key in ONE_OF for kind, each in key.table.items())


def test_only_a_base_has_no_name() -> None:
    nameless = [each for each in below(Described) if "kind" not in vars(each)]
    assert {each.__name__ for each in nameless if not list(below(each))} == {"Group", "Observer"}
