"""Files as torch.save and safetensors write them, made by hand: pickles step by step, and zips."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass

import numpy as np

KINDS = {"f8": "Double", "f4": "Float", "f2": "Half", "i8": "Long", "i4": "Int", "i2": "Short",
         "i1": "Char", "u1": "Byte", "b1": "Bool"}  # fmt: skip
CODES = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "u1": "U8", "b1": "BOOL"}


@dataclass(frozen=True)
class Steps:
    """Steps of a pickle that leave one value on the stack."""

    code: bytes


def steps(value: object) -> bytes:
    """The steps that make a plain value, in protocol 2."""
    match value:
        case Steps(code):
            return code
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int():
            content = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(content)]) + content
        case str():
            return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()
        case tuple():
            return b"(" + b"".join(map(steps, value)) + b"t"
        case list():
            return b"](" + b"".join(map(steps, value)) + b"e"
        case dict():
            return b"}(" + b"".join(steps(k) + steps(v) for k, v in value.items()) + b"u"
    raise TypeError(value)


def pickled(value: object) -> bytes:
    return b"\x80\x02" + steps(value) + b"."


def named(name: str) -> Steps:
    module, _, last = name.rpartition(".")
    return Steps(f"c{module}\n{last}\n".encode())


def called(function: object, *arguments: object) -> Steps:
    return Steps(steps(function) + steps(arguments) + b"R")


def built(value: object, state: object) -> Steps:
    return Steps(steps(value) + steps(state) + b"b")


def stored(key: object, size: object, kind: str = "torch.FloatStorage") -> Steps:
    return Steps(steps(("storage", named(kind), key, "cpu", size)) + b"Q")


NO_HOOKS = called(named("collections.OrderedDict"))


def tensor(storage: object, shape: object, strides: object, offset: object = 0) -> Steps:
    rebuild = named("torch._utils._rebuild_tensor_v2")
    return called(rebuild, storage, offset, shape, strides, False, NO_HOOKS)


def archive(pickle: bytes, prefix: str = "a/", how: int = zipfile.ZIP_STORED, **more: bytes):
    """A file of torch.save: ``data_0`` is the content of storage 0."""
    buffer = io.BytesIO()
    members = {"data.pkl": pickle, "byteorder": b"little", "version": b"3\n"}
    members |= {name.replace("_", "/"): content for name, content in more.items()}
    with zipfile.ZipFile(buffer, "w", how) as file:
        for name, content in members.items():
            file.writestr(prefix + name, content)
    return buffer.getvalue()


def strides_of(array: np.ndarray) -> tuple[int, ...]:
    return tuple(each // array.itemsize for each in array.strides)


def pt(tree: object = None, order: str = "little", **arrays: np.ndarray) -> bytes:
    """A tree of arrays, or arrays by name, saved as torch saves them."""
    contents: dict[str, bytes] = {}

    def saved(value: object) -> object:
        if isinstance(value, np.ndarray):
            base = value if value.base is None else value.base  # views lie in the storage of it
            offset = value.ctypes.data - base.ctypes.data
            swapped = base.byteswap() if order == "big" else base
            key = str(len(contents))
            contents[f"data_{key}"] = swapped.tobytes("A")
            kind = "BFloat16" if value.dtype == np.uint16 else KINDS[value.dtype.str[1:]]
            where = stored(key, base.size, f"torch.{kind}Storage")
            return tensor(where, value.shape, strides_of(value), offset // value.itemsize)
        if isinstance(value, dict):
            return {key: saved(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(saved, value))
        return value

    made = pickled(saved(arrays if tree is None else tree))
    return archive(made, **{**contents, "byteorder": order.encode()})


def safetensors(**arrays: np.ndarray) -> bytes:
    """Arrays by name; uint16 stands for bfloat16."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, array in arrays.items():
        code = "BF16" if array.dtype == np.uint16 else CODES[array.dtype.str[1:]]
        ends = [len(content), len(content) + array.nbytes]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": ends}
        content += array.tobytes()
    return headed(json.dumps(header), content)


def headed(header: str, content: bytes = b"") -> bytes:
    return len(header.encode()).to_bytes(8, "little") + header.encode() + content
