"""The parts that know no platform: how calls look as bytes, versions, costs, limits."""

from __future__ import annotations

import decimal
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.parallel._costs import GROWTH, LEAST_SECONDS, Costs
from civis.parallel._envelope import (
    CALL_MARK,
    BrokenEnvelope,
    digest_of,
    open_sealed,
    pack,
    seal,
    unpack,
)
from civis.parallel._environment import MISSING, compare, describe, difference_table
from civis.parallel._errors import RemoteTraceback
from civis.parallel._limits import WorkerLimit, nested_share
from civis.parallel._nested import nested_backend
from civis.parallel._pickling import pickle_calls, unpickle_calls

KEY = b"k" * 32


class TestEnvelopes:
    @settings(deadline=None)  # a busy machine is no error
    @given(st.lists(st.binary(max_size=50), max_size=5), st.dictionaries(st.text(), st.integers()))
    def test_there_and_back(self, sections, header):
        header.pop("sections", None)
        assert unpack(pack(header, sections)) == (header, sections)
        assert open_sealed(KEY, seal(KEY, header, sections)) == (header, sections)

    @settings(deadline=None)  # a busy machine is no error
    @given(st.data())
    def test_what_was_changed_is_refused(self, data):
        content = seal(KEY, {"a": 1}, [b"something"])
        place = data.draw(st.integers(0, len(content) - 1))
        other = bytearray(content)
        other[place] ^= data.draw(st.integers(1, 255))
        with pytest.raises(BrokenEnvelope):
            open_sealed(KEY, bytes(other))

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x80\x05.",
            CALL_MARK,
            CALL_MARK + b"\x00" * 8,
            pack({}, [b"abc"])[:-1],
            pack({}, [b"a"]) + b"b",
        ],
        ids=["nothing", "a pickle", "a mark", "no header", "cut", "longer"],
    )
    def test_what_is_not_whole_is_refused(self, content):
        with pytest.raises(BrokenEnvelope):
            unpack(content)

    def test_another_key_is_refused(self):
        with pytest.raises(BrokenEnvelope, match="seal"):
            open_sealed(b"o" * 32, seal(KEY, {}, []))


def there_and_back(*arguments, least=1000):
    """Pickle and unpickle the arguments of a call; give them and what was set apart."""
    apart = {}

    def keep(content):
        digest = digest_of(content)
        apart[digest] = bytes(content)
        return digest

    pickled = pickle_calls([(print, arguments, {})], keep, least)
    assert pickled.digests == set(apart)
    return unpickle_calls(pickled.content, apart.__getitem__)[0][1], apart, pickled


BIG = 100_000
VALUES = {
    "bytes": bytes(BIG),
    "bytearray": bytearray(BIG),
    "text": "ä" * BIG,
    "a lone surrogate": "\ud800" * BIG,
    "list": list(range(BIG)),
    "tuple": tuple(range(BIG)),
    "set": set(range(BIG)),
    "frozenset": frozenset(range(BIG)),
    "dict": dict.fromkeys(range(BIG), "a"),
    "array": np.arange(BIG),
    "Fortran array": np.asfortranarray(np.arange(BIG).reshape(100, -1)),
    "array with gaps": np.arange(BIG)[::2],
    "frame": pd.DataFrame({"a": np.arange(BIG), "b": np.arange(BIG) / 2}),
    "frame of texts": pd.DataFrame({"a": ["abcdefgh"] * BIG}),
}


class TestPickling:
    @pytest.mark.parametrize("name", VALUES)
    def test_large_inputs_are_set_apart(self, name):
        value = VALUES[name]
        (back,), apart, pickled = there_and_back(value)
        assert type(back) is type(value)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(back, value)
        elif isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(back, value)
        else:
            assert back == value
        assert apart
        assert len(pickled.content) < 5000

    def test_arrays_can_be_written_to(self):
        (back,), _, _ = there_and_back(np.zeros(BIG))
        back[0] = 1

    def test_read_only_arrays_stay_so(self):
        value = np.zeros(BIG)
        value.flags.writeable = False
        (back,), _, _ = there_and_back(value)
        assert not back.flags.writeable

    def test_what_is_the_same_stays_the_same_and_what_is_equal_does_not(self):
        first, second = list(range(BIG)), list(range(BIG))
        (one, again, other), apart, _ = there_and_back(first, first, second)
        assert one is again
        assert one is not other
        assert len(apart) == 1

    def test_a_list_whose_objects_may_be_shared_stays_in(self):
        thing = [1]
        value = [thing] * BIG
        (back, shared), apart, _ = there_and_back(value, thing)
        assert back[0] is shared
        assert not apart

    def test_a_list_that_holds_itself(self):
        value: list = list(range(BIG))
        value.append(value)
        (back,), _, _ = there_and_back(value)
        assert back[-1] is back

    def test_nothing_is_set_apart_where_that_is_not_wished_for(self):
        (back,), apart, _ = there_and_back(bytes(BIG), least=None)
        assert len(back) == BIG
        assert not apart

    @pytest.mark.parametrize(
        ("value", "module"),
        [
            (np.float64(1), "numpy"),
            (lambda: pd.NA, "pandas"),
            (lambda: json.dumps, "json"),
            (pd.DataFrame, "pandas"),
            (np.sum, "numpy"),
            (decimal.Decimal(1), "decimal"),
        ],
        ids=["object", "function that uses", "function of the standard library", "class", "function", "C"],
    )
    def test_modules_are_noted(self, value, module):
        _, _, pickled = there_and_back(value)
        assert module in {name.partition(".")[0] for name in pickled.modules}

    def test_texts_are_no_modules(self):
        _, _, pickled = there_and_back("numpy", "pandas")
        assert not {"numpy", "pandas"} & {name.partition(".")[0] for name in pickled.modules}


class TestEnvironment:
    def test_names_of_packages_are_found(self):
        described = describe(["yaml.loader", "numpy", "json", "__main__", "no_such_module"])
        assert set(described["packages"]) == {"PyYAML", "numpy"}
        assert described["modules"] == ["no_such_module"]

    def test_here_nothing_differs(self):
        assert compare(describe(["numpy", "yaml", "pandas.core"])) == []

    def test_what_differs(self):
        described = {"python": "2.7", "packages": {"numpy": "0.1", "nothing": "3"}, "modules": ["no_module"]}
        python, numpy, nothing, module = compare(described)
        assert python[:2] == ("Python", "2.7")
        assert numpy == ("numpy", "0.1", np.__version__)
        assert nothing == ("nothing", "3", MISSING)
        assert module == ("module no_module", "a local module", MISSING)
        table = difference_table([python, numpy, nothing, module]).splitlines()
        assert len(table) == 5
        assert len({line.index(MISSING) for line in table[3:]}) == 1


class TestCosts:
    def test_nothing_is_known_at_first(self):
        assert Costs().batch_size("work", 1, None, 5) == 1

    @pytest.mark.parametrize(
        ("seconds", "overhead", "last", "remaining", "size"),
        [
            (10.0, 1.0, 1, None, 1),
            (0.01, 0.0, 8, None, int(LEAST_SECONDS / 0.01)),
            (0.001, 1.0, 1, None, GROWTH),
            (0.001, 1.0, 500, None, 1000),
            (0.001, 1.0, 500, 50, 10),
            (0.5, 30.0, 100, None, 60),
            (0.5, 3000.0, 1000, None, 240),
        ],
        ids=["slow", "quick", "grows", "worth it", "few left", "slow containers", "very slow containers"],
    )
    def test_batches(self, seconds, overhead, last, remaining, size):
        costs = Costs()
        costs.note_call("work", seconds)
        costs.note_overhead(overhead)
        assert costs.batch_size("work", last, remaining, 5) == size

    @settings(deadline=None)  # a busy machine is no error
    @given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 10**6), st.integers(1, 100))
    def test_there_is_always_one(self, seconds, last, slots):
        costs = Costs()
        for each in seconds:
            costs.note_call("work", each)
            costs.note_overhead(each)
        assert 1 <= costs.batch_size("work", last, None, slots) <= last * GROWTH


class TestLimits:
    def test_who_finds_none_is_called(self):
        limit, called = WorkerLimit(1), []
        assert limit.take(lambda: called.append("first"))
        waiter = called.append
        assert not limit.take(lambda: waiter("second"))
        limit.give_back()
        assert called == ["second"]
        assert limit.take(lambda: None)

    @settings(deadline=None)  # a busy machine is no error
    @given(st.integers(1, 1000), st.integers(1, 1000))
    def test_nested_containers_stay_within_the_limit(self, most, n_jobs):
        outer = min(most, n_jobs)
        assert outer * (1 + nested_share(most, n_jobs)) <= most


def test_a_backend_is_set_for_joblib_that_is_loaded_already():
    import joblib

    with nested_backend("threading"):
        assert type(joblib.parallel.get_active_backend()[0]).__name__ == "ThreadingBackend"
    with nested_backend(pickle.dumps(joblib.parallel.SequentialBackend())):
        assert type(joblib.parallel.get_active_backend()[0]).__name__ == "SequentialBackend"
    assert type(joblib.parallel.get_active_backend()[0]).__name__ == "LokyBackend"


def test_a_traceback_says_what_it_says():
    assert str(pickle.loads(pickle.dumps(RemoteTraceback("Traceback …")))) == "\nTraceback …"
