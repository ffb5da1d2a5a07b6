"""The protobuf wire format: just enough to read a TensorFlow graph and to write an ONNX model.

Written out here because the output has to be the same bytes under every Python and library
version; fields are written in the order in which the caller gives them.
"""

import struct

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(message):
    """Yields (field number, value) of one message; nested messages and bytes as memoryviews."""
    view = memoryview(message)
    position = 0
    while position < len(view):
        key, position = _read_varint(view, position)
        wire_type = key & 7
        if wire_type == VARINT:
            value, position = _read_varint(view, position)
        elif wire_type == BYTES:
            length, position = _read_varint(view, position)
            value, position = _take(view, position, length)
        elif wire_type == FIXED32:
            raw, position = _take(view, position, 4)
            value = struct.unpack("<f", raw)[0]
        elif wire_type == FIXED64:
            raw, position = _take(view, position, 8)
            value = struct.unpack("<d", raw)[0]
        else:
            raise ValueError(f"wire type {wire_type} is not used by the files read here")
        yield key >> 3, value


def text(view):
    return bytes(view).decode("utf-8")


def signed(value):
    """A varint as the signed 64-bit integer it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value


def varints(value):
    """The integers of a repeated field: one plain varint, or a packed run of them."""
    if isinstance(value, int):
        return [signed(value)]
    numbers, position = [], 0
    while position < len(value):
        number, position = _read_varint(value, position)
        numbers.append(signed(number))
    return numbers


def varint_field(number, value):
    return _varint(number << 3 | VARINT) + _varint(value)


def float_field(number, value):
    return _varint(number << 3 | FIXED32) + struct.pack("<f", value)


def bytes_field(number, value):
    if isinstance(value, str):
        value = value.encode("utf-8")
    return length_prefix(number, len(value)) + value


def length_prefix(number, length):
    """What stands before a nested message or byte string of this length."""
    return _varint(number << 3 | BYTES) + _varint(length)


def _varint(value):
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_varint(view, position):
    value = shift = 0
    while position < len(view) and shift < 70:
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("the file ends inside a number or is not a protobuf file")


def _take(view, position, length):
    if position + length > len(view):
        raise ValueError("the file is cut off: a field reaches past its end")
    return view[position : position + length], position + length
