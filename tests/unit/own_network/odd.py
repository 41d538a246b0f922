"""Networks as people have them, and passes with masked units by plain hooks of torch."""

from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

Network = tuple[nn.Module, Tensor, str | list[str] | None]
"""Model, inputs, names of modules."""
CLASSES = 4


class Shared(nn.Module):
    """One ReLU for two layers of different widths, modules in a list, a forward of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(6, 7), nn.Linear(7, 5), nn.Linear(5, CLASSES)])
        self.on = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        for linear in self.linears[:-1]:
            inputs = self.on(linear(inputs))
        return self.linears[-1](inputs)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 5, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(5)
        self.relu = nn.ReLU(inplace=True)
        self.second = nn.Conv2d(5, 5, 3, padding=1)
        self.last = nn.Linear(5, CLASSES)

    def forward(self, inputs: Tensor) -> Tensor:
        values = self.relu(self.norm(self.first(inputs)))
        passed = values
        values = self.second(values)
        values += passed
        values = self.relu(values)
        return self.last(values.mean((2, 3)))


class Attentive(nn.Module):
    def __init__(self, **options: object) -> None:
        super().__init__()
        self.embedded = nn.Embedding(9, 8)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, **options)
        self.last = nn.Linear(8, CLASSES)

    def forward(self, words: Tensor) -> Tensor:
        return self.last(self.encoder(self.embedded(words)).mean(1))


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 7), nn.Linear(7, CLASSES)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.last(functional.relu(self.first(inputs)))


def plain_layers() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 7), nn.ReLU(), nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, CLASSES)
    )


def network(name: str) -> Network:
    """A network by name, with weights and running statistics of its own, and inputs."""
    with torch.random.fork_rng():
        torch.manual_seed(len(name))
        flat, image = torch.randn(90, 6), torch.randn(90, 1, 5, 5)
        model, inputs, modules = _made(name, flat, image)
        for part in model.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.running_mean.normal_()
                part.running_var.uniform_(0.5, 2)
        return model, inputs, modules


def _made(name: str, flat: Tensor, image: Tensor) -> Network:
    layers = plain_layers()
    if name == "flatten first":
        return nn.Sequential(nn.Flatten(), nn.Linear(25, 7), *layers[1:]), image, None
    if name == "biasless":
        for layer in layers[::2]:
            layer.bias = None
    if name == "softmax end":
        return nn.Sequential(*layers, nn.Softmax(dim=1)), flat, None
    if name == "batch norm before":
        return nn.Sequential(layers[0], nn.BatchNorm1d(7), *layers[1:]), flat, None
    if name == "batch norm behind":
        return nn.Sequential(*layers[:2], nn.BatchNorm1d(7), *layers[2:]), flat, None
    if name == "shared":
        return Shared(), flat, None
    if name == "in place":
        layers[1], layers[3] = nn.ReLU(inplace=True), nn.GELU()
    if name == "residual":
        return Residual(), image, None
    if name == "convolutions":
        return (
            nn.Sequential(
                *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.SiLU(), nn.MaxPool2d(2)),
                *(nn.Flatten(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, CLASSES)),
            ),
            image,
            ["2", "6"],
        )
    if name == "transformer":
        words = torch.randint(0, 9, (90, 5))
        return Attentive(activation=nn.GELU()), words, ["encoder.activation", "encoder.norm*"]
    if name == "attention":
        words = torch.randint(0, 9, (90, 5))
        return Attentive(), words, ["encoder.self_attn", "encoder.dropout:input"]
    if name == "functional":
        return Functional(), flat, ["last:input"]
    if name == "compiled":
        return torch.compile(layers), flat, None
    if name == "compiled in place":
        layers.compile()
    if name == "float64":
        layers.double()
    if name == "bfloat16":
        layers.bfloat16()
    if name == "non-contiguous":
        flat = torch.cat([flat, flat], dim=1)[:, ::2]
    if name == "hooked":
        layers[1].register_forward_hook(lambda module, inputs, output: output + 0.3)
    return layers, flat, None


NAMES = (
    *("plain", "flatten first", "biasless", "softmax end", "batch norm before"),
    *("batch norm behind", "shared", "in place", "residual", "convolutions", "transformer"),
    *("attention", "functional", "compiled", "compiled in place", "float64", "bfloat16"),
    *("non-contiguous", "hooked"),
)


def masked(
    model: nn.Module,
    inputs: Tensor,
    dead: Mapping[str, tuple[Tensor, Tensor]],
    channels_first: bool,
) -> Tensor:
    """Logits of one plain pass with hooks: layer -> units that are dead, and their constants."""
    model = getattr(model, "_orig_mod", model)
    counted: Counter[str] = Counter()

    def replace(name: str, values: Tensor) -> Tensor:
        counted[name] += 1
        key = f"{name}#{counted[name]}"
        which, constants = dead.get(key, dead.get(name, (None, None)))
        if which is None:
            return values
        values = values.clone()
        for unit in torch.nonzero(which).flatten().tolist():
            if values.dim() == 2 or not channels_first:
                values[..., unit] = constants[unit]
            else:
                values[:, unit] = constants[unit]
        return values

    def given(name: str, output: Tensor | tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
        if isinstance(output, tuple):
            return (replace(name, output[0]), *output[1:])
        return replace(name, output)

    hooks = []
    for name, part in model.named_modules():
        hooks += [
            part.register_forward_hook(lambda m, i, o, name=name: given(name, o)),
            part.register_forward_pre_hook(
                lambda m, i, name=name: (replace(f"{name}:input", i[0]), *i[1:]) if i else None
            ),
        ]
    compiled = {part: part._compiled_call_impl for part in model.modules()}
    dtype = next(p.dtype for p in model.parameters())
    try:
        for part in compiled:
            part._compiled_call_impl = None
        with torch.no_grad():
            return model.eval()(inputs.to(dtype) if inputs.is_floating_point() else inputs)
    finally:
        for hook in hooks:
            hook.remove()
        for part, impl in compiled.items():
            part._compiled_call_impl = impl
