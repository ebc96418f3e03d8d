# SPDX-License-Identifier: Apache-2.0
"""TFRecord files and the tf.train.Example in them, without TensorFlow.

A record is: length (uint64), masked CRC-32C of the length, the data, masked CRC-32C of the data,
all little-endian. The data is a protocol buffer: a map of names to lists of bytes, floats or
integers.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from rlcg_core.errors import DataError
from rlcg_record.crc32c import crc32c, masked

_HEAD, _TAIL = struct.Struct("<QI"), struct.Struct("<I")
LONGEST_BYTES = 2**31
_FIELD = descriptor_pb2.FieldDescriptorProto


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a file; raises `DataError` for one that is cut short or damaged."""
    with path.open("rb") as stream:
        longest, number = min(LONGEST_BYTES, path.stat().st_size), 0
        while head := stream.read(_HEAD.size):
            where = f"{path}, record {number}"
            if len(head) < _HEAD.size:
                raise DataError(f"{where}: the file is cut short: fetch it again")
            length, expected = _HEAD.unpack(head)
            if masked(crc32c(head[:8])) != expected:
                raise DataError(f"{where}: its length is damaged: is it a TFRecord file?")
            if length > longest:
                raise DataError(f"{where}: the file is cut short: fetch it again")
            data, tail = stream.read(length), stream.read(_TAIL.size)
            if len(data) < length or len(tail) < _TAIL.size:
                raise DataError(f"{where}: the file is cut short: fetch it again")
            if masked(crc32c(data)) != _TAIL.unpack(tail)[0]:
                raise DataError(f"{where}: its checksum is wrong: fetch the file again")
            yield data
            number += 1


def frame_record(data: bytes) -> bytes:
    """Return a record as it stands in a file."""
    length = struct.pack("<Q", len(data))
    return length + _TAIL.pack(masked(crc32c(length))) + data + _TAIL.pack(masked(crc32c(data)))


def parse_example(data: bytes) -> dict[str, Any]:
    """Return the features: a list of bytes, or an array of float32 or int64, by name.

    Raises `DataError` if ``data`` is no tf.train.Example.
    """
    example = example_class()()
    try:
        example.ParseFromString(data)
    except DecodeError as error:
        raise DataError(f"a record is no tf.train.Example ({error})") from error
    features: dict[str, Any] = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        if kind == "float_list":
            features[name] = np.array(feature.float_list.value, np.float32)
        elif kind == "int64_list":
            features[name] = np.array(feature.int64_list.value, np.int64)
        else:
            features[name] = list(feature.bytes_list.value)
    return features


def example_class() -> Any:
    """Return the class of tf.train.Example, made from its description."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName("tensorflow.Example"))


def _describe() -> descriptor_pool.DescriptorPool:
    """Return a pool with the messages of tensorflow/core/example, field numbers as there."""
    file = descriptor_pb2.FileDescriptorProto(
        name="rlcg/example.proto", package="tensorflow", syntax="proto3"
    )
    lists = {"BytesList": _FIELD.TYPE_BYTES, "FloatList": _FIELD.TYPE_FLOAT}
    for name, kind in {**lists, "Int64List": _FIELD.TYPE_INT64}.items():
        file.message_type.add(name=name).field.add(
            name="value", number=1, type=kind, label=_FIELD.LABEL_REPEATED
        )
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    kinds = {"bytes_list": "BytesList", "float_list": "FloatList", "int64_list": "Int64List"}
    for number, (name, kind_name) in enumerate(kinds.items(), start=1):
        _part(feature, name, number, kind_name).oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    _part(entry, "value", 2, "Feature")
    _part(features, "feature", 1, "Features.FeatureEntry").label = _FIELD.LABEL_REPEATED
    _part(file.message_type.add(name="Example"), "features", 1, "Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _part(owner: Any, name: str, number: int, type_name: str) -> Any:
    """Add a field that is a message itself."""
    return owner.field.add(
        name=name,
        number=number,
        type=_FIELD.TYPE_MESSAGE,
        type_name=f".tensorflow.{type_name}",
        label=_FIELD.LABEL_OPTIONAL,
    )


_POOL = _describe()
