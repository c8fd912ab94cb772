import torch
from torch import nn

from trainables.unlearning.loss import WeightDistance, embedding_loss


def test_the_terms_are_eq_1():
    torch.manual_seed(0)
    a, b, c, d = (torch.randn(5, 8) for _ in range(4))
    terms = embedding_loss(a, b, c, d)

    def cosine(x, y):
        return torch.stack(
            [(u @ v) / (u.norm() * v.norm()) for u, v in zip(x, y, strict=True)]
        ).mean()

    torch.testing.assert_close(terms.clean, -cosine(a, b))
    torch.testing.assert_close(terms.backdoor, -cosine(c, d))
    scaled = embedding_loss(3 * a, b / 2, c, 7 * d)
    torch.testing.assert_close(scaled.clean, terms.clean)
    torch.testing.assert_close(scaled.backdoor, terms.backdoor)


def test_the_gradient_of_the_weight_term_is_autograds():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    parameters = list(model.parameters())
    originals = [p.detach().clone() for p in parameters]
    distance = WeightDistance(parameters)
    with torch.no_grad():
        for p in parameters[:-1]:  # the last tensor stays where it was
            p.add_(torch.randn_like(p))
    x = torch.randn(6, 4)

    def gradients(beta):
        model.zero_grad()
        loss = model(x).square().sum()
        loss = loss + beta * sum(
            torch.linalg.vector_norm(p - o) for p, o in zip(parameters, originals, strict=True)
        )
        loss.backward()
        return [p.grad.clone() for p in parameters]

    expected = gradients(0.3)
    gradients(0.0)
    value = distance.add_gradient(0.3)
    for p, wanted in zip(parameters, expected, strict=True):
        torch.testing.assert_close(p.grad, wanted)
    # A sum over tensors of norms: neither one norm over all weights, nor squared.
    norms = [(p - o).norm() for p, o in zip(parameters, originals, strict=True)]
    torch.testing.assert_close(value, sum(norms))
    torch.testing.assert_close(distance.value(), sum(norms))


def test_nothing_moved_adds_nothing():
    p = nn.Parameter(torch.ones(3))
    distance = WeightDistance([p])
    p.grad = torch.ones(3)
    assert distance.add_gradient(5.0).item() == 0
    assert torch.equal(p.grad, torch.ones(3))
