"""``Machine``: walks the opcodes of one pickle over stand-ins for values.

It is an unpickler that cannot import and cannot call. All opcodes of the protocols 0 to 5 are
known; those that could only serve code in this place are refused.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import limits
from modelkeep.identification.readers.pickle_calls import build, call, create, storage
from modelkeep.identification.readers.pickle_globals import ALLOWED, runs_code
from modelkeep.identification.readers.pickle_literals import LiteralOpcodes
from modelkeep.identification.readers.pickle_values import (
    UNTOLD,
    PickleDanger,
    PickledDict,
    PickledStorage,
    PickleFlaw,
    Value,
    plain,
)

#: Opcodes between two looks at the limits.
STRIDE: Final = 4096
#: A handler's answer to STOP.
STOPPED: Final = -1

#: Opcode -> name of its handler, and the most memory that one of it takes, in bytes.
OPCODES: Final[dict[bytes, tuple[str, int]]] = {
    b"(": ("_mark", 80),
    b".": ("_stop", 8),
    b"0": ("_drop", 8),
    b"1": ("_drop_mark", 8),
    b"2": ("_again", 8),
    b"F": ("_float_line", 40),
    b"I": ("_int_line", 40),
    b"J": ("_int_4", 40),
    b"K": ("_int_1", 8),
    b"L": ("_long_line", 40),
    b"M": ("_int_2", 40),
    b"N": ("_none", 8),
    b"P": ("_persistent_line", 8),
    b"Q": ("_persistent", 88),
    b"R": ("_reduce", 160),
    b"S": ("_string_line", 64),
    b"T": ("_string_4", 64),
    b"U": ("_string_1", 64),
    b"V": ("_text_line", 64),
    b"X": ("_text_4", 64),
    b"a": ("_append", 8),
    b"b": ("_build", 8),
    b"c": ("_global_lines", 8),
    b"d": ("_dict_of_mark", 160),
    b"e": ("_extend", 8),
    b"g": ("_get_line", 8),
    b"h": ("_get_1", 8),
    b"i": ("_instance_lines", 160),
    b"j": ("_get_4", 8),
    b"l": ("_list_of_mark", 80),
    b"o": ("_instance", 160),
    b"p": ("_put_line", 104),
    b"q": ("_put_1", 8),
    b"r": ("_put_4", 104),
    b"s": ("_set_item", 16),
    b"t": ("_tuple_of_mark", 64),
    b"u": ("_set_items", 16),
    b"}": ("_empty_dict", 160),
    b"]": ("_empty_list", 96),
    b")": ("_empty_tuple", 8),
    b"B": ("_bytes_4", 48),
    b"C": ("_bytes_1", 48),
    b"G": ("_float_8", 40),
    b"\x80": ("_protocol", 0),
    b"\x81": ("_new_object", 160),
    b"\x82": ("_extension_1", 0),
    b"\x83": ("_extension_2", 0),
    b"\x84": ("_extension_4", 0),
    b"\x85": ("_tuple_1", 72),
    b"\x86": ("_tuple_2", 80),
    b"\x87": ("_tuple_3", 88),
    b"\x88": ("_true", 8),
    b"\x89": ("_false", 8),
    b"\x8a": ("_long_1", 40),
    b"\x8b": ("_long_4", 40),
    b"\x8c": ("_text_1", 64),
    b"\x8d": ("_text_8", 64),
    b"\x8e": ("_bytes_8", 48),
    b"\x8f": ("_empty_set", 80),
    b"\x90": ("_extend", 8),
    b"\x91": ("_frozen_set", 64),
    b"\x92": ("_new_object_keywords", 160),
    b"\x93": ("_global_of_stack", 8),
    b"\x94": ("_put_next", 104),
    b"\x95": ("_frame", 0),
    b"\x96": ("_bytes_8", 48),
    b"\x97": ("_buffer", 0),
    b"\x98": ("_read_only_buffer", 0),
}
_COSTS: Final = [OPCODES.get(bytes((code,)), ("", 0))[1] for code in range(256)]


class Budget:
    """What one file may still spend, over all its pickles.

    Args:
        opcodes: Opcodes that may yet be walked.
        memory: Bytes of memory that values may yet take.
    """

    def __init__(
        self, opcodes: int = limits.PICKLE_OPCODES, memory: int = limits.PICKLE_MEMORY
    ) -> None:
        self.opcodes = opcodes
        self.memory = memory


class Machine(LiteralOpcodes):
    """The walk over one pickle.

    Attributes:
        at: Where the last opcode began; for messages.
        end: Behind STOP, once it has been reached.
    """

    def __init__(self, data: bytes | bytearray, start: int, budget: Budget) -> None:
        super().__init__(data, budget.memory - len(data))
        self.at = start
        self.end = start
        self.storages: list[PickledStorage] = []
        self.budget = budget

    def walk(self) -> Value:
        """Walk from the first opcode to STOP and return the value that lies on top.

        Raises:
            PickleDanger: a global, or its use, is not allowed.
            PickleFlaw: the pickle is malformed or over a limit; ``PickleEnd`` if bytes lack.
            ValueError, IndexError, KeyError, struct.error: the same, raised by Python.
        """
        data, costs, budget = self.data, _COSTS, self.budget
        handlers = [self._unknown] * 256
        for code, (name, _) in OPCODES.items():
            handlers[code[0]] = getattr(self, name)
        at, spent, noted, counted = self.at, 0, 0, 0
        try:
            while at != STOPPED:
                for counted in range(1, STRIDE + 1):  # noqa: B007 - read after the loop
                    self.at = at
                    opcode = data[at]
                    spent += costs[opcode]
                    at = handlers[opcode](at + 1)
                    if at == STOPPED:
                        break
                budget.opcodes -= counted
                if budget.opcodes < 0:
                    raise PickleFlaw(f"over the limit of {limits.PICKLE_OPCODES:,} opcodes")
                self._weigh(spent - noted)
                noted = spent
        finally:
            budget.memory -= self.text
        return self.stack[-1]

    def _unknown(self, at: int) -> int:
        raise PickleFlaw(f"there is no opcode {self.data[at - 1]:#04x}")

    def _stop(self, at: int) -> int:
        self.end = at
        if not self.stack:
            raise PickleFlaw("it stops without a value")
        return STOPPED

    def _mark(self, at: int) -> int:
        if len(self.below) >= limits.PICKLE_DEPTH:
            raise PickleFlaw(f"nested over the limit of {limits.PICKLE_DEPTH} levels")
        self.below.append(self.stack)
        self.stack = []
        return at

    def _above_mark(self) -> list[Value]:
        above = self.stack
        self.stack = self.below.pop()
        return above

    # Containers

    def _empty_tuple(self, at: int) -> int:
        self.stack.append(())
        return at

    def _tuple_1(self, at: int) -> int:
        self.stack[-1] = (self.stack[-1],)
        return at

    def _tuple_2(self, at: int) -> int:
        last = self.stack.pop()
        self.stack[-1] = (self.stack[-1], last)
        return at

    def _tuple_3(self, at: int) -> int:
        last = self.stack.pop()
        middle = self.stack.pop()
        self.stack[-1] = (self.stack[-1], middle, last)
        return at

    def _tuple_of_mark(self, at: int) -> int:
        above = tuple(self._above_mark())
        self.stack.append(above)
        return at

    def _empty_list(self, at: int) -> int:
        self.stack.append([])
        return at

    def _list_of_mark(self, at: int) -> int:
        above = self._above_mark()
        self.stack.append(above)
        return at

    def _append(self, at: int) -> int:
        value = self.stack.pop()
        self._list().append(value)
        return at

    def _extend(self, at: int) -> int:
        above = self._above_mark()
        self._list().extend(above)
        return at

    def _list(self) -> list[Value]:
        target = self.stack[-1]
        if type(target) is not list:
            raise PickleFlaw("it appends to something that is not a list")
        return target

    def _empty_dict(self, at: int) -> int:
        self.stack.append(PickledDict([]))
        return at

    def _dict_of_mark(self, at: int) -> int:
        above = self._above_mark()
        if len(above) % 2:
            raise PickleFlaw("a dict has a key without a value")
        self.stack.append(PickledDict(above))
        return at

    def _set_item(self, at: int) -> int:
        value = self.stack.pop()
        key = self.stack.pop()
        self._dict().flat += (key, value)
        return at

    def _set_items(self, at: int) -> int:
        above = self._above_mark()
        if len(above) % 2:
            raise PickleFlaw("a dict has a key without a value")
        self._dict().flat += above
        return at

    def _dict(self) -> PickledDict:
        target = self.stack[-1]
        if not isinstance(target, PickledDict):
            raise PickleFlaw("it sets an item of something that is not a dict")
        return target

    def _empty_set(self, at: int) -> int:
        # As good as a list here: items may be added and are never read.
        return self._empty_list(at)

    def _frozen_set(self, at: int) -> int:
        self._above_mark()
        self.stack.append(UNTOLD)
        return at

    # Globals and their use

    def _global_lines(self, at: int) -> int:
        module, at = self.line(at)
        name, at = self.line(at)
        self._push_global(module.decode("utf-8"), name.decode("utf-8"))
        return at

    def _global_of_stack(self, at: int) -> int:
        name = self.stack.pop()
        module = self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise PickleFlaw("a global is named by something that is not text")
        self._push_global(module, name)
        return at

    def _push_global(self, module: str, name: str) -> None:
        allowed = ALLOWED.get((module, name))
        if allowed is None:
            what = f"{plain(module)}.{plain(name)}"
            raise PickleDanger(f"load {what}", is_listed=runs_code(module))
        self.stack.append(allowed)

    def _extension_1(self, at: int) -> int:
        raise PickleDanger(f"load the registered extension {self.data[at]}")

    def _extension_2(self, at: int) -> int:
        code = int.from_bytes(self.take(at, 2), "little")
        raise PickleDanger(f"load the registered extension {code}")

    def _extension_4(self, at: int) -> int:
        code = int.from_bytes(self.take(at, 4), "little")
        raise PickleDanger(f"load the registered extension {code}")

    def _reduce(self, at: int) -> int:
        arguments = self.stack.pop()
        self.stack[-1] = call(self.stack[-1], arguments)
        return at

    def _new_object(self, at: int) -> int:
        arguments = self.stack.pop()
        self.stack[-1] = create(self.stack[-1], arguments)
        return at

    def _new_object_keywords(self, at: int) -> int:
        keywords = self.stack.pop()
        if not isinstance(keywords, PickledDict) or keywords.flat:
            raise PickleDanger(f"call {plain(str(self.stack[-2]))} with keywords")
        return self._new_object(at)

    def _instance(self, at: int) -> int:
        above = self._above_mark()
        self.stack.append(call(above[0], tuple(above[1:])))
        return at

    def _instance_lines(self, at: int) -> int:
        above = self._above_mark()
        at = self._global_lines(at)
        self.stack[-1] = call(self.stack[-1], tuple(above))
        return at

    def _build(self, at: int) -> int:
        state = self.stack.pop()
        build(self.stack[-1], state)
        return at

    def _persistent(self, at: int) -> int:
        self.stack[-1] = loaded = storage(self.stack[-1])
        if type(loaded) is PickledStorage:
            self.storages.append(loaded)
        return at

    def _persistent_line(self, _at: int) -> int:
        raise PickleFlaw("it has a persistent id in text, which torch never writes")

    # Protocol 5: buffers beside the pickle, which no model file has

    def _buffer(self, _at: int) -> int:
        raise PickleFlaw("it asks for a buffer outside itself")

    def _read_only_buffer(self, _at: int) -> int:
        raise PickleFlaw("it asks for a buffer outside itself")
