"""Activations: the right tensors, in order, untouched by what comes after, and no hook left behind."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from classvec.errors import InputError
from classvec.extraction.activations import Activations
from tests.conftest import Tiny


class InPlace(nn.Module):
    """A residual block that overwrites the output of its first part."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.last = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        y += 100.0
        return self.last(y)  # type: ignore[no-any-return]


class Deeper(nn.Module):
    """Counts how often its deep part ran."""

    def __init__(self) -> None:
        super().__init__()
        self.low, self.deep = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2, 1)
        self.runs = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.low(x)
        self.runs += 1
        x = self.deep(x)
        self.runs += 1
        return x


class Watched(Tiny):
    """Knows the hooks of its first ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.handles: list[RemovableHandle] = []
        register = self.relu1.register_forward_hook

        def watched(*args: Any, **options: Any) -> RemovableHandle:
            self.handles.append(register(*args, **options))
            return self.handles[-1]

        self.relu1.register_forward_hook = watched  # type: ignore[method-assign]

    @property
    def n_hooks(self) -> int:
        return sum(handle.id in (handle.hooks_dict_ref() or {}) for handle in self.handles)


def test_outputs_are_those_of_the_modules_in_the_order_asked_for() -> None:
    module, images = Tiny().eval(), torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        first = module.relu1(module.first(images))
        second = module.relu2(module.second(first))
        with Activations(module, {"b": "relu2", "a": "relu1"}) as run:
            found = run(images)
    assert list(found) == ["b", "a"]
    torch.testing.assert_close(found["a"], first, rtol=0, atol=0)
    torch.testing.assert_close(found["b"], second, rtol=0, atol=0)


def test_an_output_that_is_overwritten_later_is_copied_in_time() -> None:
    module, images = InPlace(), torch.randn(2, 3, 4, 4)
    with torch.no_grad(), Activations(module, {"conv": "conv", "last": "last"}) as run:
        for _ in range(2):
            found = run(images)
            torch.testing.assert_close(found["conv"] + 100.0, found["last"])


def test_a_pre_activation_survives_the_relu_in_place() -> None:
    module, images = Tiny().eval(), torch.randn(2, 3, 16, 16)
    with torch.no_grad(), Activations(module, {"pre": "second", "post": "relu2"}) as run:
        found = run(images)
    assert float(found["pre"].min()) < 0.0
    torch.testing.assert_close(found["pre"].clamp(min=0), found["post"])


def test_the_pass_stops_after_the_deepest_layer() -> None:
    module = Deeper()
    with torch.no_grad(), Activations(module, {"low": "low"}) as run:
        run(torch.randn(1, 3, 4, 4))
        assert module.runs == 0
        run(torch.randn(1, 3, 4, 4), stop=False)
        assert module.runs == 2


def test_hooks_are_gone_on_exit_and_after_an_error() -> None:
    module = Watched()
    with Activations(module, {"a": "relu1"}):
        assert module.n_hooks == 1
    assert module.n_hooks == 0
    with pytest.raises(RuntimeError), Activations(module, {"a": "relu1"}) as run:
        run(torch.randn(1, 5, 4, 4))
    assert len(module.handles) == 2
    assert module.n_hooks == 0


def test_gradients_flow_to_the_images() -> None:
    images = torch.randn(1, 3, 16, 16, requires_grad=True)
    with Activations(Tiny(), {"top": "relu3"}) as run:
        run(images)["top"].sum().backward()  # type: ignore[no-untyped-call]
    assert images.grad is not None
    assert float(images.grad.abs().sum()) > 0.0


def test_modules_that_run_twice_never_or_put_out_no_tensor_are_errors() -> None:
    shared = nn.ReLU()
    with (
        pytest.raises(InputError, match="runs several times"),
        Activations(nn.Sequential(shared, shared), {"r": "0"}) as run,
    ):
        run(torch.zeros(1, 3), stop=False)

    class Unused(Deeper):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.low(x)  # type: ignore[no-any-return]

    with (
        pytest.raises(InputError, match="did not run in a forward pass: d"),
        Activations(Unused(), {"d": "deep"}) as run,
    ):
        run(torch.zeros(1, 3, 2, 2))

    lstm = nn.Sequential(nn.LSTM(3, 2))
    with pytest.raises(InputError, match="puts out a tuple"), Activations(lstm, {"lstm": "0"}) as run:
        run(torch.zeros(1, 3, 3))
