"""What the tensors of a LoRA or LyCORIS module must be like, told from their shapes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Shapes = Mapping[str, tuple[int, ...]]
#: Two dimensions that have to be the same: tensor and axis, twice.
_Pair = tuple[tuple[str, int], tuple[str, int]]

#: What each kind needs: one of the names in each row.
_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "lora": (("down",), ("up",)),
        "loha": (("w1_a",), ("w1_b",), ("w2_a",), ("w2_b",)),
        "lokr": (("w1", "w1_a"), ("w1", "w1_b"), ("w2", "w2_a"), ("w2", "w2_b")),
        "glora": (("a1",), ("a2",), ("b1",), ("b2",)),
        "ia3": (("scale",),),
    }
)
_FACTORS: tuple[_Pair, ...] = ((("w1_a", 1), ("w1_b", 0)), (("w2_a", 1), ("w2_b", 0)))
_TUCKER: Mapping[str, tuple[_Pair, ...]] = MappingProxyType(
    {
        "mid": ((("mid", 0), ("up", 1)), (("mid", 1), ("down", 0))),
        "t1": ((("t1", 0), ("w1_a", 0)), (("t1", 1), ("w1_b", 0))),
        "t2": ((("t2", 0), ("w2_a", 0)), (("t2", 1), ("w2_b", 0))),
    }
)
_BOFT_DIMENSIONS = 4


def kind_of(kinds: set[str], shapes: Shapes) -> str:
    """Return what is done to a module: ``lora``, ``loha``, ``lokr``, ``oft``, ``boft`` ...

    A module that gets new biases beside an adapter is of the adapter's kind; empty where there
    are several.
    """
    kinds = kinds - {"full"} or kinds
    if len(kinds) > 1:
        return ""
    (kind,) = kinds
    turned = shapes.get("blocks", shapes.get("rotation", ()))
    return "boft" if kind == "oft" and len(turned) == _BOFT_DIMENSIONS else kind


def rank_of(kind: str, shapes: Shapes) -> int | None:
    """Return the rank of a module; None where it has none."""
    if kind == "lora":
        return shapes["down"][0]
    if kind in {"loha", "lokr"}:
        factor = shapes.get("w1_b") or shapes.get("w2_b")
        return factor[0] if factor else None
    return _glora_rank(shapes) if kind == "glora" else None


def flaw_of(kind: str, shapes: Shapes) -> str:
    """Return what is wrong with the tensors of a module; empty when nothing is."""
    for names in _NEEDS.get(kind, ()):
        if not any(name in shapes for name in names):
            return f"has no {' and no '.join(names)}"
    if kind in {"oft", "boft"} and not any(n.startswith(("blocks", "rotation")) for n in shapes):
        return "has no blocks"
    for first, second in _pairs(kind, shapes):
        length = _length(shapes, first)
        if length is None or length != _length(shapes, second):
            return _misfit(shapes, first[0], second[0])
    if kind == "glora" and _glora_rank(shapes) is None:
        return _misfit(shapes, "a1", "a2", "b1", "b2")
    return ""


def _misfit(shapes: Shapes, *names: str) -> str:
    told = (f"{name} {list(shapes[name])}" if name in shapes else f"no {name}" for name in names)
    return f"has shapes that do not fit: {', '.join(told)}"


def _glora_rank(shapes: Shapes) -> int | None:
    """Return the dimension that all four share; two orders of the dimensions are in use."""
    for axis in (0, 1):
        places = (("a1", axis), ("a2", 1 - axis), ("b1", axis), ("b2", 1 - axis))
        lengths = {_length(shapes, place) for place in places}
        if len(lengths) == 1:
            return lengths.pop()
    return None


def _pairs(kind: str, shapes: Shapes) -> list[_Pair]:
    tucker = [mid for mid in _TUCKER if mid in shapes]
    pairs = [pair for mid in tucker for pair in _TUCKER[mid]]
    if kind == "lora" and "mid" not in shapes:
        pairs.append((("down", 0), ("up", 1)))
    if kind in {"loha", "lokr"}:
        of = {"w1_a": "t1", "w2_a": "t2"}
        pairs += [p for p in _FACTORS if p[0][0] in shapes and of[p[0][0]] not in tucker]
    return pairs


def _length(shapes: Shapes, place: tuple[str, int]) -> int | None:
    shape = shapes.get(place[0], ())
    return shape[place[1]] if len(shape) > place[1] else None
