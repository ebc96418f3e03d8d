# SPDX-License-Identifier: Apache-2.0
import numpy as np
import torch

from rlcg_core import cem
from rlcg_core.cell import ROBOT1
from rlcg_core.golden import pattern_image, pattern_noise
from rlcg_train import cem_module, explore, network
from rlcg_train.export import OUTPUTS


def module(answer: cem.Answer) -> cem_module.CemModule:
    torch.manual_seed(5)
    net = network.GraspNetwork(network.NetworkSettings()).eval()
    settings = explore.default_cem(samples=32, iterations=3)
    return cem_module.CemModule(net, cem.CemSettings(**{**vars(settings), "answer": answer}))


@torch.no_grad()
def compare(answer: cem.Answer) -> None:
    made, start = module(answer), explore.default_start()
    image = torch.from_numpy(pattern_image(4))
    projection = torch.tensor(ROBOT1.camera.projection_base_to_px(), dtype=torch.float32)
    tool = torch.tensor([0.57, 0.0, 0.2, 0.1])
    noise = pattern_noise(2, made.cem.noise_shape)

    def logits(samples: np.ndarray) -> np.ndarray:
        goal = torch.tensor(samples, dtype=torch.float32)
        picture = cem_module.prepare(image)
        patches = network.sample_patches(made.network.settings, picture, goal, projection)
        camera = cem_module.camera_centre_xy(projection)
        numbers = network.scalars(goal, tool[None].expand(len(goal), 4), camera)
        return made.network(patches, numbers).numpy()

    reference = cem.search(logits, made.cem, start.mean0, start.std0, noise)
    found = dict(
        zip(
            OUTPUTS,
            made(
                image,
                tool,
                projection,
                torch.tensor(start.mean0),
                torch.tensor(start.std0),
                torch.from_numpy(noise),
            ),
            strict=True,
        )
    )
    np.testing.assert_allclose(found["goal"], reference.best, atol=1e-4)
    np.testing.assert_allclose(found["mean"], reference.mean, atol=1e-4)
    np.testing.assert_allclose(found["std"], reference.std, atol=1e-4)
    np.testing.assert_allclose(found["q"], 1 / (1 + np.exp(-reference.logit)), atol=1e-5)


def test_the_graph_searches_as_the_reference_does() -> None:
    compare("best_ever")
    compare("best_last")
