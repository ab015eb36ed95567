"""Malicious pickles and archives, written opcode by opcode; nothing here is ever loaded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ARGUMENT = "id"
LEGACY_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
LEGACY_PROTOCOL = b"\x80\x02M\xe9\x03."
LEGACY_SYSTEM = (
    b"\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\r\x00\x00\x00little_endianq"
    b"\x02\x88X\n\x00\x00\x00type_sizesq\x03}q\x04(X\x05\x00\x00\x00shortq\x05K\x02X\x03\x00\x00"
    b"\x00intq\x06K\x04X\x04\x00\x00\x00longq\x07K\x04uu."
)
EMPTY_DICT = b"\x80\x02}q\x00."
NO_KEYS = b"\x80\x02]q\x00."


def text(value: str) -> bytes:
    """BINUNICODE."""
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def short(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    raw = value.encode()
    return b"\x8c" + bytes((len(raw),)) + raw


def named(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


Form = Callable[[str, str], bytes]

#: Every way in which a pickle can come by a global and use it.
FORMS: dict[str, Form] = {
    "GLOBAL and REDUCE, protocol 2": lambda m, n: (
        b"\x80\x02" + named(m, n) + text(ARGUMENT) + b"\x85R."
    ),
    "GLOBAL and REDUCE, protocol 0": lambda m, n: named(m, n) + b"(S'id'\ntR.",
    "GLOBAL and REDUCE, protocol 1": lambda m, n: named(m, n) + b"q\x00(U\x02idq\x01tq\x02R.",
    "GLOBAL and REDUCE, protocol 3": lambda m, n: (
        b"\x80\x03" + named(m, n) + text(ARGUMENT) + b"\x85R."
    ),
    "STACK_GLOBAL, protocol 4": lambda m, n: (
        b"\x80\x04" + short(m) + short(n) + b"\x93" + short(ARGUMENT) + b"\x85R."
    ),
    "STACK_GLOBAL in a frame, protocol 5": lambda m, n: (
        (body := short(m) + b"\x94" + short(n) + b"\x94\x93\x94" + short(ARGUMENT) + b"\x85R.")
        and b"\x80\x05\x95" + struct.pack("<Q", len(body)) + body
    ),
    "STACK_GLOBAL of protocol-0 texts": lambda m, n: f"V{m}\nV{n}\n".encode() + b"\x93)R.",
    "STACK_GLOBAL of Python 2 texts": lambda m, n: f"S'{m}'\nS\"{n}\"\n".encode() + b"\x93)R.",
    "STACK_GLOBAL of escaped texts": lambda m, n: (
        b"V"
        + "".join(f"\\u{ord(c):04x}" for c in m).encode()
        + b"\nV"
        + "".join(f"\\u{ord(c):04x}" for c in n).encode()
        + b"\n\x93)R."
    ),
    "names through the memo": lambda m, n: (
        b"\x80\x04" + short(m) + b"\x940" + short(n) + b"\x940h\x00h\x01\x93)R."
    ),
    "names through a textual memo": lambda m, n: (
        text(m) + b"p7\n0" + text(n) + b"p9\n0g7\ng9\n\x93)R."
    ),
    "names through a large memo": lambda m, n: (
        text(m) + b"r\x00\x01\x00\x000" + text(n) + b"r\x01\x01\x00\x000"
        b"j\x00\x01\x00\x00j\x01\x01\x00\x00\x93)R."
    ),
    "names from a dropped mark": lambda m, n: (
        b"(" + text("x") + b"1" + text(m) + text(n) + b"\x93)R."
    ),
    "a memo that is written twice": lambda m, n: (
        text("collections") + b"q\x000" + text(m) + b"q\x000h\x00" + text(n) + b"\x93)R."
    ),
    "names with DUP": lambda m, n: text(m) + b"20" + text(n) + b"\x93)R.",
    "INST": lambda m, n: f"(S'id'\ni{m}\n{n}\n.".encode(),
    "INST without arguments": lambda m, n: f"(i{m}\n{n}\n.".encode(),
    "OBJ": lambda m, n: b"(" + named(m, n) + text(ARGUMENT) + b"o.",
    "NEWOBJ": lambda m, n: b"\x80\x02" + named(m, n) + text(ARGUMENT) + b"\x85\x81.",
    "NEWOBJ_EX": lambda m, n: b"\x80\x04" + named(m, n) + b")}\x92.",
    "BUILD": lambda m, n: b"\x80\x02" + named(m, n) + b"}b.",
    "named only": lambda m, n: b"\x80\x02" + named(m, n) + b".",
    "named and dropped": lambda m, n: b"\x80\x02" + named(m, n) + b"0N.",
    "inside a state dict": lambda m, n: (
        b"\x80\x02}(" + text("state_dict") + b"}" + text("x") + named(m, n) + b")Ru."
    ),
    "as the state of an OrderedDict": lambda m, n: (
        b"\x80\x02"
        + named("collections", "OrderedDict")
        + b")R}"
        + text("a")
        + named(m, n)
        + b"sb."
    ),
    "after a stop inside a text": lambda m, n: text("a.") + b"0" + named(m, n) + b")R.",
    "in a second pickle": lambda m, n: b"\x80\x02}." + b"\x80\x02" + named(m, n) + b")R.",
    "in a third pickle": lambda m, n: b"N." + b"\x80\x04]." + named(m, n) + b")R.",
    "as a persistent id": lambda m, n: (
        b"\x80\x02(" + text("storage") + named(m, n) + text("0") + text("cpu") + b"K\x01tQ."
    ),
    "as the module of a persistent id": lambda m, n: (
        b"\x80\x02(" + text("module") + named(m, n) + text("f") + text("s") + b"tQ."
    ),
}

#: Globals that ran code in other programs, were missed by scanners, or lead to either.
DANGEROUS: tuple[tuple[str, str], ...] = (
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("os", "popen"),
    ("os", "execv"),
    ("subprocess", "Popen"),
    ("subprocess", "check_output"),
    ("commands", "getoutput"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "compile"),
    ("builtins", "open"),
    ("builtins", "getattr"),
    ("builtins", "setattr"),
    ("builtins", "__import__"),
    ("builtins", "globals"),
    ("builtins", "type"),
    ("builtins", "map"),
    ("builtins", "dict"),
    ("builtins", "bytearray"),
    ("__builtin__", "eval"),
    ("__builtin__", "file"),
    ("__builtin__", "reduce"),
    ("__builtin__", "apply"),
    ("importlib", "import_module"),
    ("marshal", "loads"),
    ("types", "FunctionType"),
    ("types", "CodeType"),
    ("distutils.spawn", "spawn"),
    ("distutils.file_util", "write_file"),
    ("pip", "main"),
    ("pip._internal", "main"),
    ("runpy", "run_path"),
    ("runpy", "_run_code"),
    ("code", "interact"),
    ("codeop", "compile_command"),
    ("bdb", "Bdb"),
    ("pdb", "set_trace"),
    ("timeit", "timeit"),
    ("profile", "Profile.run"),
    ("cProfile", "runctx"),
    ("trace", "Trace.runctx"),
    ("doctest", "debug_script"),
    ("idlelib.run", "Executive.runcode"),
    ("idlelib.pyshell", "ModifiedInterpreter.runcode"),
    ("lib2to3.pgen2.grammar", "Grammar.loads"),
    ("lib2to3.pgen2.pgen", "ParserGenerator.make_label"),
    ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("multiprocessing.util", "spawnv_passfds"),
    ("concurrent.futures.thread", "_WorkItem.run"),
    ("ensurepip", "_run_pip"),
    ("venv", "create"),
    ("webbrowser", "open"),
    ("pydoc", "pipepager"),
    ("pydoc", "locate"),
    ("shutil", "rmtree"),
    ("socket", "create_connection"),
    ("urllib.request", "urlopen"),
    ("requests.api", "get"),
    ("ctypes", "CDLL"),
    ("pickle", "loads"),
    ("_pickle", "loads"),
    ("cPickle", "loads"),
    ("dill", "loads"),
    ("cloudpickle.cloudpickle", "_make_function"),
    ("joblib", "load"),
    ("shelve", "open"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("_operator", "attrgetter"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("copy_reg", "_reconstructor"),
    ("collections", "namedtuple"),
    ("collections", "OrderedDict.fromkeys"),
    ("collections", "__builtins__"),
    ("logging.config", "_resolve"),
    ("numpy", "load"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy.f2py.crackfortran", "myeval"),
    ("numpy.f2py.crackfortran", "_eval_length"),
    ("numpy.core.multiarray", "fromfile"),
    ("numpy", "ndarray.tofile"),
    ("torch", "load"),
    ("torch", "save"),
    ("torch.hub", "load"),
    ("torch.hub", "load_state_dict_from_url"),
    ("torch.storage", "_load_from_bytes"),
    ("torch.jit", "load"),
    ("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ("torch._utils", "_import_dotted_name"),
    ("torch.serialization", "os.system"),
    ("torch.serialization", "load"),
    ("torch._inductor.codecache", "compile_file"),
    ("torch.utils._config_module", "ConfigModule.load_config"),
    ("torch.utils.bottleneck.__main__", "run_cprofile"),
    ("torch.utils.collect_env", "run"),
    ("torch.utils.data.datapipes.utils.decoder", "basichandlers"),
    ("torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"),
    ("torch._dynamo.guards", "GuardBuilder.get"),
    ("torch.distributed.rpc.internal", "_run_function"),
    ("torch.nn.modules.container", "Sequential"),
    ("torch.nn.modules.container", "ParameterDict.update"),
    ("pytorch_lightning.callbacks.model_checkpoint", "os.system"),
    ("pytorch_lightning.callbacks", "ModelCheckpoint"),
    ("Collections", "OrderedDict"),
    ("collections ", "OrderedDict"),
    ("torch", "FloatStorage.from_file"),
    ("torch", "UntypedStorage.from_file"),
    ("", "system"),
    ("__main__", "evil"),
    ("some_unknown_module", "anything"),
)

_OD = named("collections", "OrderedDict") + b")R"

#: name -> (pickle, words that must be in the message): an allowed global used as it must not be.
MISUSED: dict[str, tuple[bytes, str]] = {
    "call a storage type": (named("torch", "FloatStorage") + b")R.", "call torch.FloatStorage"),
    "call a dtype": (named("torch", "float16") + b")R.", "call torch.float16"),
    "call ndarray": (named("numpy", "ndarray") + b"K\x01\x85R.", "call numpy.ndarray"),
    "call ModelCheckpoint": (
        named("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint") + b")R.",
        "call pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    ),
    "make a storage with NEWOBJ": (
        named("torch", "UntypedStorage") + b"K\x08\x85\x81.",
        "torch.UntypedStorage",
    ),
    "make a tensor with NEWOBJ": (
        named("torch._utils", "_rebuild_tensor_v2") + b")\x81.",
        "call torch._utils._rebuild_tensor_v2",
    ),
    "make ndarray with OBJ": (b"(" + named("numpy", "ndarray") + b"o.", "call numpy.ndarray"),
    "make a storage with INST": (b"(itorch\nFloatStorage\n.", "call torch.FloatStorage"),
    "keywords for OrderedDict": (
        b"\x80\x04" + named("collections", "OrderedDict") + b")}" + text("a") + b"Ns\x92.",
        "call collections.OrderedDict with keywords",
    ),
    "state of a class": (
        named("collections", "OrderedDict") + b"}" + text("get") + b"Nsb.",
        "set the state of collections.OrderedDict",
    ),
    "state of a function": (
        named("torch._utils", "_rebuild_tensor") + b"}b.",
        "set the state of torch._utils._rebuild_tensor",
    ),
    "slot state of an OrderedDict": (
        _OD + b"N}" + text("__class__") + named("torch", "Size") + b"s\x86b.",
        "set more than the attributes of an OrderedDict",
    ),
    "state of a dict": (b"}}b.", "set the state of a value without state"),
    "state of a text": (text("a") + b"}b.", "set the state of a value without state"),
    "another encoding": (
        named("_codecs", "encode") + text("x") + text("rot13") + b"\x86R.",
        "_codecs.encode",
    ),
    "no encoding": (named("_codecs", "encode") + text("x") + b"\x85R.", "_codecs.encode"),
    "EXT1": (b"\x80\x02\x82\x01)R.", "registered extension 1"),
    "EXT2": (b"\x80\x02\x83\x01\x01)R.", "registered extension 257"),
    "EXT4": (b"\x80\x02\x84\x01\x00\x01\x00)R.", "registered extension 65537"),
}

#: name -> (pickle, words of the reason): broken, endless or over a limit.
BROKEN: dict[str, tuple[bytes, str]] = {
    "no stop": (b"\x80\x02}", "ends inside an opcode"),
    "empty stop": (b"\x80\x02.", "stops without a value"),
    "stack underflow": (b"\x80\x02R.", "empty stack"),
    "append to nothing": (b"\x80\x02Na.", "empty stack"),
    "append to a number": (b"K\x01Na.", "appends to something that is not a list"),
    "append to an OrderedDict": (_OD + b"Na.", "appends to something that is not a list"),
    "item of a list": (b"]NNs.", "sets an item of something that is not a dict"),
    "odd items": (b"}(NNNu.", "a key without a value"),
    "odd dict": (b"(Nd.", "a key without a value"),
    "tuple without a mark": (b"t.", "empty stack"),
    "below the mark": (b"N(\x86.", "empty stack"),
    "memo unknown": (b"\x80\x02h\x05.", "never put there"),
    "memo unknown, textual": (b"g5\n.", "never put there"),
    "memo negative": (b"Np-1\n.", "out of range"),
    "memo of any size": (b"Np99999999999999999999\n.", "out of range"),
    "memo of nothing": (b"\x80\x04\x94.", "empty stack"),
    "unknown opcode": (b"\x80\x02\xff.", "no opcode 0xff"),
    "opcode 0": (b"\x80\x02N\x00.", "no opcode 0x00"),
    "protocol 6": (b"\x80\x06N.", "no protocol 6"),
    "text beyond the end": (b"\x80\x02X\xff\xff\xff\x7fabc.", "ends inside"),
    "text of 2**63 bytes": (b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"abc.", "ends inside"),
    "frame beyond the end": (b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.", "longer than"),
    "negative length of a number": (b"\x80\x02\x8b\xff\xff\xff\xff.", "negative length"),
    "negative length of a text": (b"T\xff\xff\xff\xffabc.", "negative length"),
    "number of a mebibyte": (b"\x80\x02\x8b\x00\x00\x10\x00" + bytes(2**20) + b".", "bytes long"),
    "number of 5,000 digits": (b"L" + b"9" * 5000 + b"L\n.", "digits"),
    "no number": (b"Iabc\n.", "invalid literal"),
    "no float": (b"Fabc\n.", "could not convert"),
    "text without quotes": (b"Sabc\n.", "not in quotes"),
    "text that is not UTF-8": (b"X\x02\x00\x00\x00\xff\xff.", "can't decode"),
    "line without an end": (b"I" + b"1" * 2_000_000, "longer than the limit"),
    "global by a number": (b"\x80\x04K\x01K\x02\x93.", "named by something that is not text"),
    "call of a text": (text("a") + b")R.", "calls something that is not a function"),
    "call with a list": (named("torch", "Size") + b"]R.", "not a tuple"),
    "persistent id in text": (b"P0\n.", "persistent id in text"),
    "persistent id that is a number": (b"K\x01Q.", "not of torch"),
    "persistent id of another kind": (
        b"(" + text("other") + b"NNNNtQ.",
        "neither a storage nor a module",
    ),
    "buffer": (b"\x80\x05\x97.", "buffer outside itself"),
    "marks without end": (b"(" * 200 + b".", "limit of 100 levels"),
    "lists without end": (b"]" * 200 + b"a" * 199 + b".", "limit of 100 levels"),
    "two million opcodes": (b"N0" * 1_100_000 + b"N.", "limit of 2,000,000 opcodes"),
    "dicts without end": (b"}" * 1_900_000 + b".", "of memory, the limit"),
    "memo without end": (b"\x80\x04N" + b"\x94" * 1_900_000 + b".", "of memory, the limit"),
    "pickles without end": (b"N." * 1000, "limit of 64 pickles"),
}


def billion_laughs() -> bytes:
    """A list that holds itself ten times, ten levels up; 10**60 entries to who counts them."""
    body = b"]" + b"(K\x01e"
    for level in range(60):
        body += b"q" + bytes((level,)) + b"0](" + b"h" + bytes((level,))
        body += (b"h" + bytes((level,))) * 9 + b"e"
    return b"\x80\x02" + body + b"."


def legacy(
    pickled: bytes, *, keys: bytes = NO_KEYS, rest: bytes = b"", system: bytes = b""
) -> bytes:
    """Wrap a pickle as torch did before its zip archives."""
    return LEGACY_MAGIC + LEGACY_PROTOCOL + (system or LEGACY_SYSTEM) + pickled + keys + rest


@dataclass
class Part:
    """A member of a zip archive, with what its two headers say about it."""

    name: str
    content: bytes
    method: int = 0
    flags: int = 0
    local: dict[str, int | bytes] = field(default_factory=dict)
    central: dict[str, int | bytes] = field(default_factory=dict)
    hidden: bool = False
    raw: bytes | None = None

    def headers(self, offset: int) -> tuple[bytes, bytes]:
        """Return the local header with the data, and the central one."""
        body = self.raw if self.raw is not None else self.packed()
        said: dict[str, int | bytes] = {
            "name": self.name.encode(),
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "packed": len(body),
            "size": len(self.content),
            "offset": offset,
        }
        a, b = said | self.local, said | self.central
        numbers = ("flags", "method", "crc", "packed", "size")
        local = struct.pack(
            "<4s2x2H4x3L2H", b"PK\3\4", *(a[n] for n in numbers), len(bytes_of(a)), 0
        )
        central = struct.pack(
            "<4s4x2H4x3L4H6xL",
            b"PK\1\2",
            *(b[n] for n in numbers),
            len(bytes_of(b)),
            0,
            0,
            0,
            b["offset"],
        )
        return local + bytes_of(a) + body, central + bytes_of(b)

    def packed(self) -> bytes:
        if self.method != 8:
            return self.content
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflater.compress(self.content) + deflater.flush()


def bytes_of(said: dict[str, int | bytes]) -> bytes:
    name = said["name"]
    assert isinstance(name, bytes)
    return name


def archive(*parts: Part, before: bytes = b"", between: bytes = b"", behind: bytes = b"") -> bytes:
    """Write a zip archive, lies and all."""
    data, directory, count = bytearray(before), bytearray(), 0
    for part in parts:
        local, central = part.headers(len(data))
        data += local + between
        if not part.hidden:
            directory += central
            count += 1
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(data), 0)
    return b"".join((data, directory, end, behind))


def torch_zip(pickled: bytes, *more: Part) -> bytes:
    """Wrap a pickle as torch does today."""
    return archive(Part("archive/data.pkl", pickled), Part("archive/version", b"3\n"), *more)


def malicious() -> Iterator[tuple[str, bytes, str]]:
    """Give every malicious file: what it is, its bytes, and the words that must name the danger."""
    forms = list(FORMS.items())
    for label, form in forms:
        yield f"{label}, bare", form("posix", "system"), "posix.system"
        yield f"{label}, zip", torch_zip(form("posix", "system")), "posix.system"
        # What comes third would lie among the storages, where no unpickler looks.
        if label != "in a third pickle":
            yield f"{label}, legacy", legacy(form("posix", "system")), "posix.system"
    for index, (module, name) in enumerate(DANGEROUS):
        # Each global in some form, so that every form meets many of them.
        form = forms[index % len(forms)][1] if module else forms[0][1]
        yield f"{module}.{name}, zip", torch_zip(form(module, name)), f"{module}.{name}"
        yield f"{module}.{name}, bare", FORMS["named only"](module, name), f"{module}.{name}"
    for label, (pickled, words) in MISUSED.items():
        yield f"{label}, bare", pickled, words
        yield f"{label}, zip", torch_zip(pickled), words
    evil = FORMS["GLOBAL and REDUCE, protocol 2"]("posix", "system")
    other = [Part("archive/data/0.pkl", evil), Part("archive/extra.PKL", evil)]
    for part in other:
        yield f"zip with {part.name}", torch_zip(EMPTY_DICT, part), "posix.system"
    yield "zip, second pickle behind", torch_zip(EMPTY_DICT + evil), "posix.system"
    yield "zip, deflated", archive(Part("a/data.pkl", evil, method=8)), "posix.system"
    yield "legacy, as magic", evil + LEGACY_PROTOCOL, "posix.system"
    yield "legacy, as system", legacy(EMPTY_DICT, system=evil), "posix.system"
    yield "legacy, as keys", legacy(EMPTY_DICT, keys=evil), "posix.system"
    yield "pickle that ends as zip", evil + torch_zip(EMPTY_DICT), "posix.system"
    yield "TorchScript", torch_zip(EMPTY_DICT, Part("archive/constants.pkl", b").")), "TorchScript"
    yield (
        "TorchScript code",
        torch_zip(EMPTY_DICT, Part("archive/code/__torch__.py", b"import os")),
        "TorchScript",
    )


def lying_archives() -> Iterator[tuple[str, bytes, str]]:
    """Give zip archives that contradict themselves: what, their bytes, words of the reason."""
    yield from _lying_headers()
    yield from _lying_contents()


def _lying_headers() -> Iterator[tuple[str, bytes, str]]:
    good = Part("archive/data.pkl", EMPTY_DICT)
    version = Part("archive/version", b"3\n")

    def main(**tweaks: object) -> Part:
        return Part("archive/data.pkl", EMPTY_DICT, **tweaks)  # type: ignore[arg-type]

    whole = archive(good, version)
    yield "truncated", whole[:-30], "no directory at its end"
    yield "no directory", whole[:70], "no directory at its end"
    yield "text behind", whole + b"x", "behind its directory"
    yield "another archive behind", whole + whole, "does not lie where it should"
    yield (
        "another archive before",
        archive(good, before=whole),
        "of something else before its first member",
    )
    yield "hidden member", archive(Part("a/x", b"1", hidden=True), good), "before its first member"
    yield (
        "hidden member between",
        archive(version, Part("a/x", b"1", hidden=True), good),
        "does not end where the next one begins",
    )
    yield "gap between", archive(good, version, between=b"12"), "does not end where"
    yield "encrypted", archive(main(flags=1)), "encrypted"
    yield "strongly encrypted", archive(main(flags=0x41)), "encrypted"
    yield "masked", archive(main(flags=0x2000)), "encrypted"
    yield "encrypted in one header", archive(main(local={"flags": 1})), "contradict each other"
    yield "patch data", archive(main(flags=0x20)), "unknown flags"
    yield "method 12", archive(main(method=12)), "unknown method 12"
    yield "method differs", archive(main(local={"method": 8})), "contradict each other"
    yield "name differs", archive(main(local={"name": b"archive/data.pkX"})), "contradict"
    yield "longer name", archive(main(local={"name": b"archive/data.pkl.txt"})), "contradict"
    yield "size differs", archive(main(local={"size": 3})), "contradict each other"
    yield "checksum differs", archive(main(local={"crc": 3})), "contradict each other"
    yield "wrong checksum", archive(main(central={"crc": 3}, local={"crc": 3})), "checksum"
    yield "stored under two sizes", archive(main(central={"size": 3})), "two sizes"
    yield (
        "beyond the archive",
        archive(main(central={"size": 2**31, "packed": 2**31})),
        "reaches beyond the archive",
    )
    yield "offset beyond", archive(main(central={"offset": 2**31})), "reaches beyond the archive"
    yield "offset inside", archive(version, main(central={"offset": 3})), "overlaps"
    yield "same place", archive(version, main(central={"offset": 0})), "overlaps"
    yield "two data.pkl", archive(good, Part("other/data.pkl", EMPTY_DICT)), "called data.pkl"
    yield "the same name twice", archive(good, good), "two members are called"
    yield "NUL in a name", archive(good, Part("archive/a\0b", b"")), "a NUL"
    yield "no name", archive(good, Part("", b"")), "no name"


def _lying_contents() -> Iterator[tuple[str, bytes, str]]:
    good = Part("archive/data.pkl", EMPTY_DICT)
    yield (
        "no deflate",
        archive(Part("a/data.pkl", EMPTY_DICT, method=8, raw=b"\xff\xff\xff")),
        "cannot be unpacked",
    )
    deflated = Part("a/data.pkl", EMPTY_DICT, method=8)
    yield (
        "deflate cut",
        archive(Part("a/data.pkl", EMPTY_DICT, method=8, raw=deflated.packed()[:-1])),
        "longer or shorter",
    )
    yield (
        "deflate with more",
        archive(Part("a/data.pkl", EMPTY_DICT, method=8, raw=deflated.packed() + b"x")),
        "longer or shorter",
    )
    yield (
        "deflate larger",
        archive(Part("a/data.pkl", EMPTY_DICT, method=8, central={"size": 2}, local={"size": 2})),
        "larger than stated",
    )
    yield (
        "deflate smaller",
        archive(Part("a/data.pkl", EMPTY_DICT, method=8, central={"size": 99}, local={"size": 99})),
        "smaller than stated",
    )
    bomb = b"N0" * 40_000_000
    yield "bomb that says so", archive(Part("a/data.pkl", bomb, method=8)), "over the limit"
    yield (
        "bomb that lies",
        archive(Part("a/data.pkl", bomb, method=8, central={"size": 99}, local={"size": 99})),
        "larger than stated",
    )
    half = Part("a/data.pkl", b"N0" * 20_000_000, method=8)
    second = Part("a/more.pkl", b"N0" * 20_000_000, method=8)
    yield "two halves of a bomb", archive(half, second), "over the limit"
    many = [Part(f"archive/data/{i}", b"") for i in range(20_000)]
    yield "20,001 members", archive(good, *many), "over the limit of 20,000"
    storage = (
        b"\x80\x02("
        + text("storage")
        + named("torch", "FloatStorage")
        + text("0")
        + text("cpu")
        + b"K\x04tQ."
    )
    yield "no storage", torch_zip(storage), "storage 0 is missing"
    yield "small storage", torch_zip(storage, Part("archive/data/0", bytes(8))), "has 8 bytes"
    yield "large storage", torch_zip(storage, Part("archive/data/0", bytes(20))), "has 20 bytes"
    huge = storage.replace(b"K\x04", b"\x8a\x09" + (2**62 + 1).to_bytes(9, "little"))
    yield "overflowing storage", torch_zip(huge, Part("archive/data/0", bytes(4))), "has 4 bytes"
