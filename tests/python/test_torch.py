"""A network of PyTorch goes on as a pipeline, and comes back."""
import copy
import unittest

import sluice

try:
    import torch
    from torch import nn
except ImportError:
    torch = nn = None

STEPS, ROWS = 20, 32


def network():
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(12, 24), nn.ReLU(),
        nn.Sequential(nn.Linear(24, 24), nn.GELU(), nn.LayerNorm(24)),
        nn.Dropout(0), nn.Linear(24, 4, bias=False))


def far(a, b):
    """The largest difference of two tensors, relative to the largest value."""
    return ((a - b).abs().max() / b.abs().max()).item()


@unittest.skipIf(torch is None, "PyTorch is not installed")
class Torch(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(6)
        torch.set_num_threads(1)
        self.x = torch.randn(ROWS, 3, 4)
        self.y = torch.randint(0, 4, (ROWS,))

    def make(self, net, loss="cross_entropy", **settings):
        pipe = sluice.from_torch(net, loss, devices=2, microbatches=4,
                                 batch=ROWS, input_shape=(3, 4), **settings)
        self.addCleanup(pipe.close)
        return pipe

    def refused(self, says, function, *arguments, **options):
        with self.assertRaises(sluice.Error) as caught:
            function(*arguments, **options)
        self.assertIn(says, str(caught.exception))

    def step(self, net, optimizer, loss, y):
        optimizer.zero_grad()
        value = loss(net(self.x), y)
        value.backward()
        optimizer.step()
        return value.item()

    def agrees(self, make_optimizer, loss, y, before=0):
        """After `before` steps of PyTorch both make 20."""
        net = network()
        optimizer = make_optimizer(net.parameters())
        for _ in range(before):
            self.step(net, optimizer, loss, y)
        pipe = self.make(copy.deepcopy(net), loss, optimizer=optimizer) \
            if not before else self.taken_over(net, optimizer, loss)
        for _ in range(STEPS):
            theirs = self.step(net, optimizer, loss, y)
            ours = pipe.step(self.x, y).loss
            self.assertLessEqual(abs(ours - theirs), 1e-6 * abs(theirs))
        back = pipe.to_torch(network())
        for a, b in zip(back.parameters(), net.parameters()):
            self.assertLessEqual(far(a, b), 1e-6)

    def taken_over(self, net, optimizer, loss):
        pipe = self.make(net, loss, optimizer=optimizer)
        pipe._net = None
        return pipe

    def test_20_steps_of_sgd_are_pytorchs(self):
        self.agrees(lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
                    nn.CrossEntropyLoss(), self.y)

    def test_20_steps_of_mean_squared_error_are_pytorchs(self):
        self.agrees(lambda p: torch.optim.SGD(p, lr=0.01, weight_decay=0.01),
                    nn.MSELoss(), torch.randn(ROWS, 4))

    def test_a_training_goes_on_with_the_optimizers_states(self):
        for make in (lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9,
                                               nesterov=True),
                     lambda p: torch.optim.Adam(p, lr=1e-3, eps=1e-3,
                                                weight_decay=0.1),
                     lambda p: torch.optim.AdamW(p, lr=1e-3, eps=1e-3),
                     lambda p: torch.optim.RMSprop(p, lr=1e-4, momentum=0.5,
                                                   eps=1e-2, centered=True)):
            self.agrees(make, nn.CrossEntropyLoss(label_smoothing=0.1), self.y,
                        before=3)

    def test_names_indices_and_layout_are_pytorchs(self):
        net = network()
        pipe = self.make(net)
        self.assertEqual(list(pipe.model.parameters()),
                         [name for name, _ in net.named_parameters()])
        self.assertEqual(pipe.model.parameters()["1.weight"], (12, 24))
        self.assertTrue((torch.as_tensor(pipe.get("1.weight"))
                         == net[1].weight.detach().t()).all())

    def test_tensors_are_read_in_place_and_the_output_is_a_tensor(self):
        pipe = self.make(network())
        self.assertEqual(sluice._describe(self.x, "x")[0], self.x.data_ptr())
        y = pipe.infer(self.x)
        self.assertIsInstance(y, torch.Tensor)
        net = network().eval()
        with torch.no_grad():
            self.assertLessEqual(far(y, net(self.x)), 1e-6)

    def test_parameters_come_back_into_the_network_they_came_from(self):
        net = network()
        before = copy.deepcopy(net)
        pipe = self.make(net)
        pipe.step(self.x, self.y)
        self.assertIs(pipe.to_torch(), net)
        self.assertGreater(far(net[1].weight, before[1].weight), 0)

    def trains_alike(self, net, x, classes, digits=1e-6, **settings):
        """20 steps of both, with one micro-batch unless settings say more."""
        y = torch.randint(0, classes, (len(x),))
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        with sluice.from_torch(net, "cross_entropy", optimizer, batch=len(x),
                               **settings) as pipe:
            for _ in range(STEPS):
                ours = pipe.step(x, y).loss
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(net(x), y)
                loss.backward()
                optimizer.step()
                self.assertLessEqual(abs(ours - loss.item()), digits * ours)
            with torch.no_grad():
                self.assertLessEqual(far(pipe.infer(x), net.eval()(x)),
                                     5 * digits)
            back = pipe.to_torch(copy.deepcopy(net))
        for a, b in zip(back.state_dict().values(), net.state_dict().values()):
            self.assertLessEqual(far(a.float(), b.float()), 5 * digits)

    def test_convolutions_and_pools_are_pytorchs(self):
        self.trains_alike(nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1, groups=3), nn.GroupNorm(2, 6),
            nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, (2, 2), bias=False),
            nn.AvgPool2d(2, stride=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(4, 5)), torch.randn(8, 3, 8, 8), 5,
            input_shape=(3, 8, 8), microbatches=2)
        self.refused("kernel_size is (1, 2)", sluice.from_torch,
                     nn.Sequential(nn.Conv2d(3, 6, (1, 2))), "mse",
                     input_shape=(3, 4, 4), batch=1)
        self.refused("ceil_mode is True", sluice.from_torch,
                     nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), "mse",
                     input_shape=(3, 4, 4), batch=1)

    def test_running_statistics_are_pytorchs(self):
        self.trains_alike(nn.Sequential(
            nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
            nn.Linear(16, 6), nn.BatchNorm1d(6), nn.Linear(6, 3)),
            torch.randn(16, 2, 4, 4), 3, digits=2e-6, input_shape=(2, 4, 4))

    def test_layers_work_on_each_position(self):
        self.trains_alike(nn.Sequential(
            nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 4),
            nn.Flatten(), nn.Linear(20, 3)), torch.randn(8, 5, 6), 3,
            input_shape=(5, 6), microbatches=4, devices=3)

    def test_an_embedding_takes_integers(self):
        net = nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(20, 3))
        x = torch.randint(0, 10, (6, 5), dtype=torch.int32)
        with sluice.from_torch(net, "cross_entropy", input_shape=(5,),
                               batch=6) as pipe:
            with torch.no_grad():
                self.assertLessEqual(far(pipe.infer(x), net(x)), 1e-6)
            self.refused("x.int()", pipe.infer, x.long())

    def test_a_module_that_is_used_twice_is_two_layers(self):
        act = nn.Tanh()
        self.trains_alike(nn.Sequential(
            nn.Linear(12, 8), act, nn.Linear(8, 4), act), torch.randn(8, 12), 4)

    def test_labels_that_are_ignored_are_pytorchs(self):
        for ignored in -100, -1:
            y = self.y.clone()
            y[::3] = ignored
            self.agrees(lambda p: torch.optim.SGD(p, lr=0.01),
                        nn.CrossEntropyLoss(ignore_index=ignored), y)
        self.refused("ignore_index", self.make, network(),
                     nn.CrossEntropyLoss(ignore_index=0))

    def test_parameters_that_are_not_trained_are_refused(self):
        net = network()
        self.refused("other tensors", self.make, net, optimizer=torch
                     .optim.SGD(net[1].parameters(), lr=0.01))
        net[5].weight.requires_grad_(False)
        self.refused("5.weight does not require", self.make, net)

    def test_what_a_layer_cannot_be_told_is_refused(self):
        for says, layer in (("start_dim is 2", nn.Flatten(2)),
                            ("eps is 0", nn.LayerNorm(4, eps=0)),
                            ("eps is 0", nn.GroupNorm(3, 3, eps=0)),
                            ("eps is 0", nn.BatchNorm2d(3, eps=0))):
            self.refused(says, sluice.from_torch, nn.Sequential(layer), "mse",
                         input_shape=(3, 4, 4), batch=1)
        self.refused("scale_grad_by_freq is True", sluice.from_torch,
                     nn.Sequential(nn.Embedding(3, 2, scale_grad_by_freq=True)),
                     "mse", input_shape=(3,), batch=1)

    def test_what_has_no_counterpart_is_named(self):
        self.refused("layer 1 is torch.nn.Bilinear", self.make,
                     nn.Sequential(nn.Linear(12, 4), nn.Bilinear(4, 4, 2)))
        self.refused("not a Linear", self.make, nn.Linear(12, 4))
        self.refused("HuberLoss", self.make, network(), nn.HuberLoss())
        self.refused("amsgrad=True", self.make, network(), optimizer=torch
                     .optim.Adam(network().parameters(), amsgrad=True))
        self.refused("Rprop", self.make, network(), optimizer=torch.optim
                     .Rprop(network().parameters()))
        for first in nn.Embedding(3, 2), nn.Conv2d(1, 4, 3):
            self.refused("input_shape", sluice.from_torch,
                         nn.Sequential(first, nn.Flatten(), nn.Linear(4, 2)),
                         "mse", batch=1)

    def test_parameters_in_common_are_refused(self):
        one = nn.Linear(12, 12)
        self.refused("0.weight and 2.weight are one parameter", self.make,
                     nn.Sequential(one, nn.ReLU(), one))
        net = nn.Sequential(nn.Linear(12, 12), nn.Linear(12, 12))
        net[1].weight = net[0].weight
        self.refused("0.weight and 1.weight are one parameter", self.make, net)

    def test_tensors_that_do_not_fit_are_refused(self):
        pipe = self.make(network())
        self.refused("x.float()", pipe.step, self.x.double(), self.y)
        self.refused("x.contiguous()", pipe.step,
                     torch.zeros(4, 3, ROWS).permute(2, 1, 0), self.y)
        self.refused("float16", pipe.step, self.x.half(), self.y)
        self.refused("meta", pipe.step, self.x.to("meta"), self.y)
        self.refused("the shape", pipe.to_torch,
                     nn.Sequential(nn.Flatten(), nn.Linear(12, 5)))
        self.refused("float32", self.make, network().double())


if __name__ == "__main__":
    unittest.main()
