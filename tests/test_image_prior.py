"""Trainable images: equal to plain numpy, trainable in every parameter, each independent of its batch."""

import numpy as np
import pytest
import torch

from classvec.reconstruction.image_prior import COLOUR_AXES, Pixels, Spectrum, generator, moved, total_variation

PRIORS = [Spectrum, Pixels]


def sources(*names: str, seed: int = 0) -> list[torch.Generator]:
    return [generator(seed, name) for name in names]


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("size", [8, 9])
def test_images_are_colours_and_every_parameter_reaches_them(prior: type[Spectrum] | type[Pixels], size: int) -> None:
    images = prior(sources("a", "b"), size)
    seen = images()
    assert seen.shape == (2, 3, size, size)
    assert float(seen.detach().min()) > 0.0
    assert float(seen.detach().max()) < 1.0
    weights = torch.rand(seen.shape, generator=torch.Generator().manual_seed(1))
    (seen * weights).sum().backward()
    for parameter in images.parameters():
        assert parameter.grad is not None
        assert float((parameter.grad != 0).float().mean()) > 0.9  # all but what a real image leaves unused


@pytest.mark.parametrize("prior", PRIORS)
def test_an_image_stays_between_black_and_white_however_far_its_parameters_go(
    prior: type[Spectrum] | type[Pixels],
) -> None:
    images = prior(sources("a"), 8, spread=1000.0)
    seen = images().detach()
    assert float(seen.min()) >= 0.0
    assert float(seen.max()) <= 1.0


@pytest.mark.parametrize("prior", PRIORS)
def test_a_start_belongs_to_seed_and_name_alone(prior: type[Spectrum] | type[Pixels]) -> None:
    both = prior(sources("a", "b"), 8)().detach()
    alone = prior(sources("b"), 8)().detach()
    np.testing.assert_array_equal(both[1], alone[0])
    assert not torch.equal(both[0], both[1])
    assert not torch.equal(prior(sources("b", seed=1), 8)().detach(), alone)


def test_a_spectrum_equals_plain_numpy() -> None:
    size = 6
    images = Spectrum(sources("a"), size, spread=0.5)
    found = images()[0].detach().numpy()
    coefficients = images.coefficients[0].detach().numpy().astype(np.float64)
    axes = np.array(COLOUR_AXES)
    axes /= np.sqrt((axes**2).sum(axis=0)).max()
    planes = np.empty((3, size, size))
    for axis in range(3):
        weighted = np.zeros((size, size // 2 + 1), dtype=complex)
        for row in range(size):
            for column in range(size // 2 + 1):
                down = min(row, size - row) / size
                frequency = max((down**2 + (column / size) ** 2) ** 0.5, 1 / size)
                weighted[row, column] = complex(*coefficients[axis, row, column]) * 0.25 / frequency
        planes[axis] = np.fft.irfft2(weighted, s=(size, size), norm="ortho")
    expected = 1.0 / (1.0 + np.exp(-np.tensordot(axes, planes, axes=1)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_spectrum_starts_smoother_than_pixels() -> None:
    def roughness(images: torch.Tensor) -> float:
        return float(total_variation(images)[0] / images[0].var())

    assert roughness(Spectrum(sources("a"), 64)().detach()) < 0.5 * roughness(Pixels(sources("a"), 64)().detach())


def test_sharpening_goes_from_large_shapes_to_the_whole_image() -> None:
    images = Spectrum(sources("a"), 64, spread=0.5)
    whole = images().detach()
    for part in (0.0, 0.2, 0.5, 1.0):
        images.sharpen(part)
        planes = np.fft.rfft2(images()[0, 0].detach().logit().numpy())
        frequency = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64)[None])
        fine = frequency > 0.045 + 0.75 * part + 0.1  # five times the softness: e**-5 of it is left
        assert (np.abs(planes) ** 2 * fine).sum() < 0.001 * (np.abs(planes) ** 2).sum()
    np.testing.assert_array_equal(images().detach(), whole)
    images.sharpen(0.0)
    assert float(total_variation(images().detach())[0]) < 0.5 * float(total_variation(whole)[0])


def test_images_that_do_not_move_stay_the_same() -> None:
    images = torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(moved(images, torch.zeros(2, 2), torch.ones(2)), images, atol=1e-6)


def test_each_image_moves_by_its_own_whole_pixels_and_is_reflected_at_the_edge() -> None:
    images = torch.arange(25.0).view(1, 1, 5, 5).repeat(2, 1, 1, 1)
    found = moved(images, torch.tensor([[1.0, 0.0], [0.0, -2.0]]), torch.ones(2))
    np.testing.assert_allclose(found[0, 0, 1:], images[0, 0, :-1], atol=1e-4)  # down by one
    np.testing.assert_allclose(found[0, 0, 0], images[0, 0, 0], atol=1e-4)  # the edge's reflection
    np.testing.assert_allclose(found[1, 0, :, :3], images[1, 0, :, 2:], atol=1e-4)  # left by two
    np.testing.assert_allclose(found[1, 0, :, 3:], images[1, 0, :, 3:].flip(1), atol=1e-4)


def test_a_zoom_above_one_makes_things_larger_around_the_centre() -> None:
    images = torch.zeros(1, 1, 8, 8)
    images[0, 0, 3:5, 3:5] = 1.0
    found = moved(images, torch.zeros(1, 2), torch.tensor([2.0]))
    assert float(found.sum()) == pytest.approx(4.0 * float(images.sum()), rel=0.01)
    np.testing.assert_allclose(found, found.flip(2), atol=1e-5)


def test_total_variation_by_hand() -> None:
    images = torch.zeros(2, 1, 2, 2)
    images[1, 0] = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    # down: 2 and 2, mean square 4; right: 1 and 1, mean square 1
    assert total_variation(images).tolist() == [0.0, 5.0]
