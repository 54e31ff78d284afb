"""Nothing from a file is run, whatever its pickle says, and what it promises is not believed."""

from __future__ import annotations

import copyreg
import gzip
import json
import pickle
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from saved import (
    NO_HOOKS,
    Steps,
    archive,
    built,
    called,
    headed,
    named,
    pickled,
    pt,
    safetensors,
    steps,
    stored,
    tensor,
)

import calibrate
from calibrate.data.column import everything
from calibrate.data.readers import torch as reader_of_pt
from calibrate.data.readers.open import open_column
from calibrate.data.readers.pickles import MOST_STEPS, allowed_in

RNG = np.random.default_rng(4)
Z = RNG.normal(scale=2, size=(12, 3)).astype(np.float32)
Y = RNG.integers(0, 3, 12)


def refusal(folder: Path, name: str, content: bytes, key: str = "") -> str:
    """The one line that opening and reading a file ends in."""
    (folder / name).write_bytes(content)
    with pytest.raises(calibrate.InputError) as caught:
        everything(open_column(f"{folder / name}{key}", "logits"))
    said = str(caught.value)
    assert said.startswith(f"{folder / name}")
    assert "\n" not in said
    assert len(said) < 1_000
    return said.removeprefix(str(folder / name))


def as_files(pickle_content: bytes) -> dict[str, bytes]:
    return {"a.pkl": pickle_content, "a.pt": archive(pickle_content, data_0=Z.tobytes())}


MARK = "open('ran', 'w')"  # what an attack would do
TEXT = MARK.encode()
ATTACKS = {  # what would run, under the plain Unpickler
    "eval": (pickled(called(named("builtins.eval"), MARK)), "builtins.eval"),
    "exec": (pickled(called(named("builtins.exec"), MARK)), "builtins.exec"),
    "of Python 2": (pickled(called(named("__builtin__.eval"), MARK)), "__builtin__.eval"),
    "os.system": (pickled(called(named("os.system"), "echo > ran")), "os.system"),
    "posix.system": (pickled(called(named("posix.system"), "echo > ran")), "posix.system"),
    "a partial": (
        pickled(called(called(named("functools.partial"), named("builtins.eval")), MARK)),
        "functools.partial",
    ),
    "a class": (
        pickled(called(named("subprocess.Popen"), ["touch", "ran"])),
        "subprocess.Popen",
    ),
    "a name in the stack": (
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93" + steps((MARK,)) + b"R.",
        "builtins.eval",
    ),
    "a dotted name": (
        b"\x80\x04\x8c\x02os\x8c\x0bpath.os.system\x93(\x8c\x0aecho > rantR.".replace(
            b"\x0bpath.os.system", b"\x0epath.os.system"
        ),
        "os.path.os.system",
    ),
    "INST": (
        b"(X" + len(TEXT).to_bytes(4, "little") + TEXT + b"ibuiltins\neval\n.",
        "builtins.eval",
    ),
    "OBJ": (
        b"(cbuiltins\neval\nX" + len(TEXT).to_bytes(4, "little") + TEXT + b"o.",
        "builtins.eval",
    ),
    "a map": (
        pickled(
            called(
                named("builtins.list"),
                called(named("builtins.map"), named("builtins.eval"), [MARK]),
            )
        ),
        "builtins.list",
    ),
    "a state": (
        # the state of an object whose class evaluates it
        b"\x80\x02"
        + steps(
            called(
                named("builtins.eval"), f"type('A', (), {{'__setstate__': lambda s, t: {MARK}}})()"
            )
        )
        + b"}b.",
        "builtins.eval",
    ),
    "NEWOBJ": (
        b"\x80\x02"
        + steps(called(named("builtins.eval"), f"type('A', (), {{'__new__': lambda c: {MARK}}})"))
        + b")\x81.",
        "builtins.eval",
    ),
    "NEWOBJ_EX": (
        b"\x80\x04"
        + steps(called(named("builtins.eval"), f"type('A', (), {{'__new__': lambda c: {MARK}}})"))
        + b")}\x92.",
        "builtins.eval",
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_what_would_run_is_refused_by_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    content, said = ATTACKS[name]
    for file, whole in as_files(content).items():
        assert f": found {said}, which is neither read nor run" in refusal(tmp_path, file, whole)
    assert not (tmp_path / "ran").exists()


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("name", ATTACKS)
def test_it_would_run_otherwise(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    made = pickle.loads(ATTACKS[name][0])
    if name == "a class":
        made.wait()
    assert (tmp_path / "ran").exists()


GLOBALS = [
    "builtins.getattr",
    "builtins.__import__",
    "builtins.compile",
    "builtins.open",
    "nt.system",
    "builtins.type",
    "builtins.object",
    "builtins.set",
    "copyreg._reconstructor",
    "copy_reg._reconstructor",
    "copyreg.__newobj__",
    "operator.attrgetter",
    "operator.methodcaller",
    "importlib.import_module",
    "pickle.loads",
    "numpy.load",
    "numpy.testing._private.utils.runstring",
    "numpy.core.multiarray.fromfile",
    "torch.load",
    "torch.hub.load",
    "torch.jit.load",
    "torch._utils._rebuild_qtensor",
    "torch._utils._rebuild_sparse_tensor",
    "torch._tensor._rebuild_from_type_v2",
    "torch.Size",
    "torch.device",
    "torch.ComplexFloatStorage",
    "torch.float8_e4m3fn",
    "__torch__.A",
    "collections.defaultdict",
    "collections.deque",
    "types.FunctionType",
    "types.CodeType",
    "calibrate.api.fit",
    "calibrate.data.readers.pickles.Record",
    "collections.OrderedDict.fromkeys",
    "torch._utils._rebuild_tensor_v2.__globals__",
    "numpy.ndarray.tofile",
    "numpy.matrix",
    "pandas.core.frame.DataFrame",
    "_codecs.decode",
    "codecs.encode",
]


@pytest.mark.parametrize("name", GLOBALS)
def test_globals_are_refused_by_name(tmp_path, name):
    for file, content in as_files(pickled([named(name)])).items():
        assert f"found {name}, which is neither" in refusal(tmp_path, file, content)


def test_arrays_of_the_other_format_are_refused_by_name(tmp_path):
    said = refusal(tmp_path, "a.pt", archive(pickle.dumps({"logits": Z}, 2)))
    assert "found numpy._core.multiarray._reconstruct" in said
    tensors = pickled({"logits": tensor(stored("0", 36), (12, 3), (3, 1))})
    assert "found torch._utils._rebuild_tensor_v2" in refusal(tmp_path, "a.pkl", tensors)


@pytest.fixture
def extension() -> Iterator[int]:
    """The number of an extension of pickle, which a program may have registered and used."""
    copyreg.add_extension("builtins", "eval", 240)
    assert pickle.loads(b"\x80\x02\x82\xf0.") is eval  # found without find_class from now on
    yield 240
    copyreg.remove_extension("builtins", "eval", 240)


@pytest.mark.parametrize("code", [b"\x82\xf0", b"\x83\xf0\x00", b"\x84\xf0\x00\x00\x00"])
@pytest.mark.usefixtures("extension")
def test_extensions_are_refused(tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    content = b"\x80\x02" + code + steps((MARK,)) + b"R."
    for file, whole in as_files(content).items():
        assert "found an extension of pickle" in refusal(tmp_path, file, whole)
    assert not (tmp_path / "ran").exists()


STANDS = {
    "a.pkl": sorted(allowed_in(100)),
    "a.pt": sorted(reader_of_pt.ALLOWED),
}
FUNCTIONS = {name: each for name, each in reader_of_pt.ALLOWED.items() if callable(each)}
STANDING = [(file, name) for file, names in STANDS.items() for name in names]
ODD: list[object] = [
    (), (None,), (1, 2), ((), (), ()), ([],) * 6, ({},) * 7, (None,) * 8, ("f4",) * 2, (-1,) * 6,
    ("O8", False, True), ("V8", False, True), ("f4,i4",), ("U0",), ("U999999999",), (10**30,) * 5,
    (NO_HOOKS, 0, (1,), (1,), False, NO_HOOKS), ("\u20ac", "latin1"), ("a", "utf-7"),
    ("a", "rot13"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name"), STANDING)
def test_odd_calls_of_what_is_known(tmp_path, file, name):
    for arguments in ODD:
        content = pickled([called(named(name), *arguments)])
        refusal(tmp_path, file, as_files(content)[file])


@pytest.mark.parametrize(("file", "name"), STANDING)
def test_nothing_of_ours_is_altered_or_made_anew(tmp_path, file, name):
    before = {name: dict(vars(each)) for name, each in FUNCTIONS.items()}
    states: list[object] = [{"_call": 1}, (None, {"_call": 1, "__class__": 1}), {}, 1]
    odd = [built(named(name), state) for state in states]
    odd += [built(called(named(name)), state) for state in states]
    odd += [Steps(steps(named(name)) + step) for step in (b")\x81", b")}\x92", b"N)\x81")]
    odd += [Steps(b"(" + steps(named(name)) + b"o"), Steps(steps(named(name)) + b"Na")]
    odd += [Steps(steps(named(name)) + b"NNs"), Steps(steps(named(name)) + b"(Ne")]
    for each in odd:
        refusal(tmp_path, file, as_files(pickled([each]))[file])
    assert {name: dict(vars(each)) for name, each in FUNCTIONS.items()} == before


GOOD = stored("0", 36)
IDENTITIES: list[object] = [
    None, "0", 0, (), ("storage",), ("module", None, "0", "cpu", 36), [1], {},
    ("storage", None, "0", "cpu", 36), ("storage", "FloatStorage", "0", "cpu", 36),
    ("storage", named("torch.FloatStorage"), 0, "cpu", 36),
    ("storage", named("torch.FloatStorage"), "0", "cpu", -1),
    ("storage", named("torch.FloatStorage"), "0", "cpu", "36"),
    ("storage", named("torch.FloatStorage"), "0", "cpu", 1 << 70),
    ("storage", named("torch.FloatStorage"), "0", "cpu", 36, None),
    ("storage", named("collections.OrderedDict"), "0", "cpu", 36),
]  # fmt: skip


@pytest.mark.parametrize("identity", IDENTITIES)
def test_odd_persistent_ids(tmp_path, identity):
    content = pickled([Steps(steps(identity) + b"Q")])
    assert "a storage of an unknown kind" in refusal(tmp_path, "a.pt", archive(content))
    assert re.search("stored elsewhere|found torch", refusal(tmp_path, "a.pkl", content))
    assert "a storage of an unknown kind" in refusal(tmp_path, "a.pt", archive(b"Pabc\n."))


LYING = {  # a tensor, and what is said of it
    "beyond its storage": (tensor(GOOD, (13, 3), (3, 1)), "beyond its storage of 36"),
    "an offset beyond": (tensor(GOOD, (12, 3), (3, 1), 1), "beyond its storage"),
    "a stride beyond": (tensor(GOOD, (12, 3), (4, 1)), "beyond its storage"),
    "a storage larger than its member": (
        tensor(stored("0", 100), (100,), (1,)), "its storage lacks 256 bytes",
    ),
    "expanded": (tensor(GOOD, (1 << 40, 3), (0, 1)), "an expanded tensor"),
    "an overflow": (tensor(GOOD, (1 << 31, 1 << 31), (0, 0)), "an impossible shape"),
    "an overflow of one": (tensor(GOOD, (1 << 64,), (0,)), "an impossible shape"),
    "an endless stride": (tensor(GOOD, (2,), (1 << 62,)), "an impossible shape"),
    "negative": (tensor(GOOD, (-1, 3), (3, 1)), "an impossible shape"),
    "a negative stride": (tensor(GOOD, (12, 3), (-3, 1)), "an impossible shape"),
    "a negative offset": (tensor(GOOD, (12, 3), (3, 1), -1), "odd parts"),
    "fewer strides": (tensor(GOOD, (12, 3), (1,)), "odd parts"),
    "floats": (tensor(GOOD, (True, 3), (3, 1)), "an impossible shape"),
    "many axes": (tensor(GOOD, (1,) * 40, (1,) * 40), "40 axes"),
    "no such storage": (tensor(stored("7", 36), (12, 3), (3, 1)), "no data/7 in it"),
    "another member": (tensor(stored("../version", 1), (1,), (1,)), "no data/../version in it"),
    "no storage": (tensor(None, (12, 3), (3, 1)), "odd parts"),
    "untyped": (
        tensor(stored("0", 36, "torch.storage.UntypedStorage"), (3,), (1,)), "odd parts",
    ),
    "negated": (
        called(named("torch._utils._rebuild_tensor_v2"), GOOD, 0, (12, 3), (3, 1), False, NO_HOOKS,
               {"neg": True}), "negated",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LYING)
def test_tensors_that_lie(tmp_path, name):
    made, said = LYING[name]
    content = archive(pickled({"logits": made}), data_0=Z.tobytes())
    assert said in refusal(tmp_path, "a.pt", content)


def test_storages_that_overlap_or_lie_outside(tmp_path):
    content = bytearray(pt(logits=Z, labels=Y))
    for sizes in (200, 1 << 20, 0xFFFFFFF0):  # into the next member, past the last, and far away
        lying = bytearray(content)
        at = lying.index(b"PK\x01\x02", lying.index(b"a/data/0") + 20)
        at = lying.rindex(b"PK\x01\x02", 0, lying.rindex(b"a/data/0"))
        lying[at + 20 : at + 28] = sizes.to_bytes(4, "little") * 2
        assert re.search("damaged", refusal(tmp_path, "a.pt", bytes(lying), ":logits"))


PICKLES = {  # that would fill the memory or the stack
    "a far place in the memory": (b"\x80\x02]r\xff\xff\xff\x7f.", "found none"),
    "the same in text": (b"(lp2147483647\n.", "found none"),
    "deep lists": (b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b".", "inside each other"),
    "deep tuples as a key": (b"\x80\x02})" + b"\x85" * 500_000 + b"Ns.", "keys are not plain"),
    "deep tuples in a set": (b"\x80\x04\x8f()" + b"\x85" * 500_000 + b"\x90.", "found none"),
    "itself": (b"\x80\x02]q\x00h\x00a.", "inside each other without end"),
    "laughter": (
        b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(60)) + b".",
        "damaged|without end|inside each other",
    ),
    "many steps": (b"\x80\x02](" + b"N" * (MOST_STEPS + 1) + b"e.", "more than 1,048,576 values"),
    "a long frame": (b"\x80\x04\x95" + b"\xff" * 8 + b"N.", "damaged"),
    "a long text": (b"\x80\x04\x8d" + b"\xff" * 7 + b"\x00N.", "damaged"),
    "long bytes": (b"\x80\x05\x96" + b"\xff" * 6 + b"\x00\x00N.", "more bytes"),
    "a long number": (b"\x80\x02I" + b"9" * 5_000 + b"\n.", "damaged"),
    "a buffer of others": (b"\x80\x05\x97.", "damaged"),
    "a later protocol": (b"\x80\x09N.", "damaged"),
    "no stop": (b"\x80\x02N", "damaged"),
    "no value": (b"\x80\x02.", "damaged"),
    "no mark": (b"\x80\x02t.", "damaged"),
    "no such memory": (b"\x80\x02h\x05.", "damaged"),
    "an unknown step": (b"\x80\x02\xff.", "damaged"),
    "two pickles": (pickle.dumps([1]) + pickle.dumps([1]), "more behind the first"),
    "no array": (pickle.dumps({"a": "b"}), "found none"),
    "a huge number": (pickle.dumps([10**30]), "at most 64 bits"),
    "an endless key": (pickle.dumps({"a" * 2_000: [1]}), "characters"),
}


@pytest.mark.parametrize("name", PICKLES)
def test_pickles_that_would_fill_the_memory(tmp_path, name):
    content, said = PICKLES[name]
    for file, whole in as_files(content).items():
        assert re.search(said, refusal(tmp_path, file, whole))


@pytest.mark.parametrize(("inner", "said"), [([1], "found more"), (["a"], "without end")])
def test_shared_lists_without_end(tmp_path, inner, said):
    for _ in range(60):
        inner = [inner, inner]
    for file, content in as_files(pickle.dumps(inner)).items():
        assert said in refusal(tmp_path, file, content)


def array_of(dtype: object, shape: object, content: object, order: object = False) -> Steps:
    """The steps of an array in a pickle."""
    made = called(named("numpy._core.multiarray._reconstruct"), named("numpy.ndarray"), (0,), "b")
    return built(made, (1, shape, dtype, order, content))


F4 = built(called(named("numpy.dtype"), "f4", False, True), (3, "<", None, None, None, -1, -1, 0))
BYTES = Steps(b"C\x0c" + bytes(12))
ARRAYS = {
    "fewer bytes": array_of(F4, (4,), BYTES),
    "more bytes": array_of(F4, (2,), BYTES),
    "an overflow": array_of(F4, (1 << 62, 4), BYTES),
    "negative": array_of(F4, (-3,), BYTES),
    "no shape": array_of(F4, None, BYTES),
    "no bytes": array_of(F4, (3,), None),
    "objects": array_of(F4, (3,), [1, 2, 3]),
    "no dtype": array_of("f4", (3,), BYTES),
    "set twice": built(array_of(F4, (3,), BYTES), (1, (3,), F4, False, BYTES)),
    "a dtype set twice": array_of(built(F4, (3, ">", None, None, None, -1, -1, 0)), (3,), BYTES),
    "fields": built(called(named("numpy.dtype"), "f4"), (3, "|", None, ("a",), {"a": 1}, 4, 1, 0)),
    "a dtype alone": F4,
    "never set": called(
        named("numpy._core.multiarray._reconstruct"), named("numpy.ndarray"), (0,), "b"
    ),
    "another class": called(
        named("numpy._core.multiarray._reconstruct"), named("numpy.dtype"), (0,), "b"
    ),
    "an odd order": called(
        named("numpy._core.numeric._frombuffer"), BYTES, F4, (3,), "K", (5,)
    ),
    "an object": called(named("numpy._core.multiarray.scalar"), F4, "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_lie(tmp_path, name):
    said = refusal(tmp_path, "a.pkl", pickled([ARRAYS[name]]))
    if name in ("fewer bytes", "more bytes"):
        assert "12 bytes for float32 of shape" in said


def test_text_is_made_bytes_once(tmp_path):
    text = steps("\x00" * 100_000)
    encode = steps(named("_codecs.encode"))
    once = b"(h\x00X\x06\x00\x00\x00latin1t"
    content = b"\x80\x02" + text + b"q\x000" + b"](" + (encode + once + b"R") * 50 + b"e."
    assert "more bytes than the file has" in refusal(tmp_path, "a.pkl", content)


OBJECTS = [np.array([{}, 1], dtype=object), np.array([1j]), np.array(["2020"], "M8[D]"), {1, 2}]


@pytest.mark.parametrize("value", OBJECTS)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_other_values_are_refused(tmp_path, value, protocol):
    assert re.search("found values of dtype|found __builtin__.set|found none|not taken",
                     refusal(tmp_path, "a.pkl", pickle.dumps(value, protocol)))  # fmt: skip


ENTRY = {"dtype": "F32", "shape": [12, 3], "data_offsets": [0, 144]}
HEADERS = {
    "beyond the file": ({"shape": [13, 3], "data_offsets": [0, 156]}, "promises 156 bytes"),
    "another shape": ({"shape": [12, 4]}, "144 bytes for F32"),
    "backwards": ({"data_offsets": [144, 0]}, "header is damaged"),
    "negative": ({"data_offsets": [-4, 140]}, "header is damaged"),
    "one offset": ({"data_offsets": [0]}, "header is damaged"),
    "text": ({"shape": ["12", 3]}, "header is damaged"),
    "floats": ({"shape": [12.0, 3]}, "header is damaged"),
    "an overflow": ({"shape": [1 << 62, 4]}, "header is damaged"),
    "many axes": ({"shape": [1] * 40}, "header is damaged"),
    "no dtype": ({"dtype": None}, "header is damaged"),
    "8 bits": ({"dtype": "F8_E4M3", "data_offsets": [0, 36]}, "found 'F8_E4M3'"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_lie(tmp_path, name):
    changes, said = HEADERS[name]
    content = headed(json.dumps({"logits": {**ENTRY, **changes}}), Z.tobytes())
    assert said in refusal(tmp_path, "a.safetensors", content)


def test_other_headers(tmp_path):
    def said(header: str, content: bytes = Z.tobytes()) -> str:
        return refusal(tmp_path, "a.safetensors", headed(header, content))

    entry = json.dumps(ENTRY)
    assert "overlap others" in said(f'{{"logits": {entry}, "labels": {entry}}}')
    assert "no array 'logits'; it holds none" in said("{}")
    assert "header is damaged" in said("{" + '"a":[' * 100_000)
    assert "header is damaged" in said('{"logits": 5}')
    assert "header is damaged" in said('{"logits": ' + "9" * 5_000 + "}")
    assert "something else" in said("[1, 2]")
    assert "something else" in refusal(tmp_path, "a.safetensors", b"\xff" * 8 + b"{}")


WHOLE = {
    "a.pt": pt(logits=Z, labels=Y),
    "a.pkl": pickle.dumps({"logits": Z, "labels": Y}),
    "a.safetensors": safetensors(logits=Z, labels=Y),
}


@pytest.mark.parametrize("name", WHOLE)
def test_truncated_at_every_tenth_byte(tmp_path, name):
    content = WHOLE[name]
    for size in range(0, len(content), 10):
        said = refusal(tmp_path, name, content[:size], ":labels")
        assert ("empty file" in said) == (size == 0)


@pytest.mark.parametrize("name", WHOLE)
def test_a_wrong_key(tmp_path, name):
    assert ": no array 'logit'; it holds logits, labels" in refusal(
        tmp_path, name, WHOLE[name], ":logit"
    )
    assert ": no array 'label'; it holds labels, logits" in refusal(
        tmp_path, name, WHOLE[name], ":label"
    )
    with pytest.raises(calibrate.InputError, match="no array 'weights'; it holds"):
        open_column(str(tmp_path / name), "weights")


@pytest.mark.parametrize("name", ["a.pt", "a.pkl"])
def test_a_key_of_a_file_that_has_none(tmp_path, name):
    content = {"a.pt": pt(Z), "a.pkl": pickle.dumps(Z)}[name]
    assert "is one array, without keys; leave out :logits" in refusal(
        tmp_path, name, content, ":logits"
    )


def test_a_key_of_two_arrays(tmp_path):
    tree = {"a": {"b": Z}, "a.b": Z}
    for name, content in {"a.pt": pt(tree), "a.pkl": pickle.dumps(tree)}.items():
        assert "holds 2 arrays 'a.b'" in refusal(tmp_path, name, content, ":a.b")


LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
OTHERS = {
    "npy": b"\x93NUMPY\x01\x00v\x00",
    "text": b"a,b\n1,2\n",
    "gzip": gzip.compress(bytes(1_000)),
    "zeros": bytes(1_000),
    **WHOLE,
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("other", OTHERS)
def test_another_format_under_this_suffix(tmp_path, name, other):
    if other != name:
        refusal(tmp_path, name, OTHERS[other])


def test_other_files_of_torch(tmp_path):
    assert "legacy format of torch; torch.load it" in refusal(tmp_path, "a.pt", LEGACY)
    buffer = tmp_path / "b.npz"
    np.savez(buffer, logits=Z)
    assert "another zip archive" in refusal(tmp_path, "a.pt", buffer.read_bytes())
    made = pickled(tensor(GOOD, (12, 3), (3, 1)))
    packed = archive(made, how=zipfile.ZIP_DEFLATED, data_0=Z.tobytes())
    assert "data.pkl compressed" in refusal(tmp_path, "a.pt", packed)
    middle = archive(made, byteorder=b"middle", data_0=Z.tobytes())
    assert "unknown order of bytes" in refusal(tmp_path, "a.pt", middle)


@pytest.mark.parametrize("name", WHOLE)
def test_values_are_looked_at_as_ever(tmp_path, name):
    spoiled = Z.copy()
    spoiled[7, 2] = np.nan
    arrays = {"logits": spoiled, "labels": Y}
    content = {"a.pt": pt(arrays), "a.pkl": pickle.dumps(arrays)}
    (tmp_path / name).write_bytes(content.get(name) or safetensors(**arrays))
    with pytest.raises(calibrate.InputError, match="NaN at row 7"):
        calibrate.open_dataset(str(tmp_path / name))


@pytest.mark.parametrize("name", WHOLE)
def test_bytes_changed_at_random(tmp_path, name):
    """An array or one line, whatever stands in the file."""
    rng = np.random.default_rng(11)
    path, whole = tmp_path / name, WHOLE[name]
    refused = 0
    for _ in range(400):
        content = bytearray(whole)
        for at in rng.integers(0, len(content), rng.integers(1, 4)):
            content[at] = rng.integers(0, 256)
        path.write_bytes(content)
        try:
            everything(open_column(f"{path}:logits", "logits"))
        except calibrate.InputError:
            refused += 1
    assert refused > 40
