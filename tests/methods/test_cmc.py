"""CMC: the authors' two losses, a memory that remembers, views that join in, and more of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.methods._banks import MemoryBank, match_among
from explorer.methods._base import MethodBatch, Shapes, View
from explorer.methods._image_views import IMAGE_VIEWS, gradient, image_view
from explorer.methods.cmc import METHOD, CMCOptions, bank_nce, log_partition

from .by_hand import batch, unit

ORACLE = np.load(Path(__file__).parents[1] / "data" / "cmc.npz")
SHAPES = Shapes(dimension=8, features=8, images=12)
PLAIN = CMCOptions(band="none", negatives=8)


def of_oracle(name: str) -> Tensor:
    return torch.from_numpy(ORACLE[name])


def oracle_scores() -> tuple[Tensor, Tensor]:
    """Each view against the memory of the other, at the rows drawn."""
    rows = of_oracle("idx")
    return (
        torch.einsum("bd,bkd->bk", of_oracle("l"), of_oracle("mem_ab")[rows]),
        torch.einsum("bd,bkd->bk", of_oracle("ab"), of_oracle("mem_l")[rows]),
    )


def test_nce_and_its_constant_are_the_authors() -> None:
    total = 0.0
    for scores, name in zip(oracle_scores(), ("Z_l", "Z_ab"), strict=True):
        log_z = log_partition(scores, images=12, temperature=0.07)
        assert log_z.exp().item() == pytest.approx(float(ORACLE[name]), rel=1e-9)
        total += bank_nce(scores, log_z=log_z, images=12).mean().item()
    assert total == pytest.approx(float(ORACLE["nce_total"]), abs=1e-5)


def test_softmax_variant_is_the_authors() -> None:
    total = sum(match_among(scores, temperature=0.07).mean().item() for scores in oracle_scores())
    assert total == pytest.approx(float(ORACLE["softmax_total"]), abs=1e-7)


@pytest.mark.parametrize("view", ["l", "ab"])
def test_memory_moves_as_the_authors_do(view: str) -> None:
    bank = MemoryBank(12, 4).double()
    bank.vectors.copy_(of_oracle(f"mem_{view}"))
    bank.study.copy_(torch.arange(12))
    bank.update(of_oracle("y"), of_oracle(view), torch.arange(3), momentum=0.5)
    torch.testing.assert_close(bank.vectors, of_oracle(f"mem_{view}_after"), atol=1e-7, rtol=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
def test_hidden_negatives_have_no_say(anchors: int, negatives: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.rand(anchors, negatives + 1, generator=generator) - 1
    mask = torch.rand(anchors, negatives, generator=generator) < 0.5
    other = torch.where(F.pad(~mask, (1, 0)), 7.0, scores)
    for loss in (
        lambda s, m: match_among(s, temperature=0.1, mask=m),
        lambda s, m: bank_nce(s, log_z=0.5, images=9, mask=m),
    ):
        found = loss(scores, mask)
        torch.testing.assert_close(found, loss(other, mask))
        assert (found >= 0).all()


def test_a_row_met_twice_in_a_batch_takes_the_mean() -> None:
    bank = MemoryBank(3, 2)
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    bank.update(torch.tensor([2, 2]), vectors, torch.tensor([5, 5]), momentum=0.5)
    torch.testing.assert_close(bank.vectors[2], torch.tensor([0.5, 0.5]).sqrt())
    assert bank.filled.tolist() == [False, False, True]


def test_the_first_step_has_negatives_though_the_bank_is_empty() -> None:
    parts = METHOD(PLAIN, SHAPES)(batch([0, 1, 2], images=3))
    assert parts.keys() == {"image-report"}
    assert parts["image-report"].item() > 0.1


def test_looked_up_and_copied_negatives_score_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool many times K is not scored whole; the draws are the same."""
    torch.manual_seed(0)
    step, found = batch([0, 1, 2], images=3), []
    for few in (16, 0):
        monkeypatch.setattr("explorer.methods.cmc._FEW", few)
        found.append(METHOD(PLAIN, SHAPES)(step))
    torch.testing.assert_close(found[0], found[1])


def test_own_examination_is_no_negative() -> None:
    """Two images of one study: nothing to tell apart, and no gradient, but no fault either."""
    data = batch([0, 1], images=2, study=torch.tensor([4, 4]))
    data.patches.requires_grad_()
    loss = METHOD(PLAIN, SHAPES)(data)["image-report"]
    loss.backward()
    assert loss.item() == 0
    assert data.patches.grad is not None
    assert data.patches.grad.abs().max() == 0


def test_views_are_those_the_batch_has() -> None:
    """Image 1 is the lateral film of image 0; only image 2 has an impression."""
    data = batch(
        [0, 2, 2],
        images=3,
        study=torch.tensor([7, 7, 8]),
        view=torch.tensor([0, 1, 0]),
        section=torch.tensor([0, 1, 2]),
    )
    views = METHOD(PLAIN, SHAPES).views(data)
    present = {name: there.tolist() for name, (_, there) in views.items()}
    assert present == {
        "image": [True, True, True],
        "lateral": [True, False, False],
        "report": [True, False, True],
        "impression": [False, False, True],
    }
    torch.testing.assert_close(views["lateral"][0][0], views["image"][0][1])
    core = METHOD(CMCOptions(band="none", graph="core"), SHAPES)(data)
    assert core.keys() == {"image-lateral", "image-report", "image-impression"}
    full = METHOD(PLAIN, SHAPES)(data)
    assert full.keys() > core.keys()


def test_z_settles_after_sixteen_batches_and_stays() -> None:
    """The mean of log Z over sixteen batches, so the first alone decides nothing."""
    method = METHOD(PLAIN, SHAPES)
    found = []
    for step in range(20):
        data = batch([0, 1, 2], images=3, seed=step)
        method.after_step(data)
        found.append((method.log_z[0, 3] / method.counted[0, 3]).item())
    assert method.counted[0, 3] == 16
    assert found[15:] == [found[15]] * 5
    assert abs(found[0] - found[15]) > 1e-4


def test_state_holds_what_is_remembered() -> None:
    method, again = METHOD(PLAIN, SHAPES), METHOD(PLAIN, SHAPES)
    data = batch([0, 1, 2], images=3)
    method.after_step(data)
    again.load_state_dict(method.state_dict())
    for name, part in method(data).items():
        torch.testing.assert_close(part, again(data)[name])


@pytest.mark.parametrize("name", IMAGE_VIEWS)
def test_image_views_keep_shape_and_are_standardised(name: str) -> None:
    images = torch.randn(3, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 3 + 1
    made = image_view(images, name, generator=torch.Generator().manual_seed(0))
    assert made.shape == images.shape
    torch.testing.assert_close(made.mean((1, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(made.std((1, 2, 3)), torch.ones(3))
    assert not torch.allclose(made, (images - 1) / 3, atol=0.1)


def test_gradient_of_a_ramp_is_its_slope() -> None:
    ramp = torch.arange(8.0).expand(1, 1, 8, 8) * 2
    torch.testing.assert_close(gradient(ramp)[0, 0, 2:-2, 2:-2], torch.full((4, 4), 2.0))


def test_the_band_is_encoded_once_a_step() -> None:
    method = METHOD(CMCOptions(), SHAPES)
    seen = []

    def encode(images: Tensor) -> View:
        seen.append(images)
        return View(unit(3, 4, 4, 8, seed=9), unit(3, 4, 4, 8, seed=9))

    data = batch([0, 1, 2], images=3, encode=encode)
    assert "image-band" in method(data)
    method.after_step(data.detach())
    assert len(seen) == 1
    method.after_step(replace(data, images=data.images.clone()))
    assert len(seen) == 2


@pytest.mark.parametrize("loss", ["nce", "softmax"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_close(loss: str, dtype: torch.dtype) -> None:
    method = METHOD(CMCOptions(band="none", loss=loss, temperature=0.1), SHAPES)
    data = batch([0, 0, 1], images=2)
    wanted = method(data)["image-report"].item()
    found = method.to(dtype)(data.to(dtype))["image-report"].item()
    assert found == pytest.approx(wanted, rel=0.05)


class ThreeViews:
    """Eight classes as an image, loud with what is none of them, and as two vague texts."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.signal = torch.randn(3, 8, 24, generator=self.generator)
        self.signal[2] = self.signal[1]  # report and impression speak one language
        self.loud = 2.0 * torch.randn(6, 24, generator=self.generator)

    def noise(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        classes = torch.randint(8, (count,), generator=self.generator)
        spread = torch.tensor([1.2, 3.0, 3.0])[:, None, None]
        views = self.signal[:, classes] + spread * self.noise(3, count, 24)
        views[0] += self.noise(count, 6) @ self.loud
        return views[0], views[1:], classes


def probed(views: int, *, loss: str, seed: int) -> float:
    """Accuracy of the nearest class mean of held-out image vectors."""
    world = ThreeViews(seed)
    torch.manual_seed(0)
    image, text = nn.Linear(24, 8), nn.Linear(24, 8)
    options = CMCOptions(band="none", loss=loss, negatives=32)
    method = METHOD(options, Shapes(dimension=8, features=24, images=320))
    learned = [*image.parameters(), *text.parameters()]
    optimiser = torch.optim.Adam(learned, lr=0.01)
    pixels, words, _ = world.draw(320)
    owner = torch.arange(32).repeat(views - 1)
    section = torch.ones(len(owner), dtype=torch.long)
    section[32:] = 2
    for step in range(80 if views > 1 else 0):
        rows = torch.arange(32) + 32 * (step % 10)
        data: MethodBatch = replace(
            batch(owner.tolist(), images=32, section=section, index=rows, study=rows, seed=step),
            patches=F.normalize(image(pixels[rows]), dim=-1)[:, None, None],
            phrases=F.normalize(text(words[: views - 1, rows]), dim=-1).flatten(0, 1),
        )
        optimiser.zero_grad()
        torch.stack(list(method(data).values())).sum().backward()
        optimiser.step()
        method.after_step(data.detach())
    with torch.no_grad():
        pixels, _, classes = world.draw(1200)
        vectors = F.normalize(image(pixels), dim=-1)
        known, asked = vectors[:600], vectors[600:]
        means = torch.stack([known[classes[:600] == c].mean(0) for c in range(8)])
        return (torch.cdist(asked, means).argmin(1) == classes[600:]).float().mean().item()


@pytest.mark.parametrize(
    ("loss", "seed"), [("nce", 2), pytest.param("softmax", 3, marks=pytest.mark.slow)]
)
def test_more_views_tell_more(loss: str, seed: int) -> None:
    """Published: quality rises with the number of views. One view is the untrained projection."""
    one, two, three = (probed(views, loss=loss, seed=seed) for views in (1, 2, 3))
    assert two > one + 0.1, (one, two, three)
    assert three > two, (one, two, three)
