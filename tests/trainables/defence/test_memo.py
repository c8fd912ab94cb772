import numpy as np
import torch

from trainables.defence.memo import TeacherMemo


def test_the_memo_asks_only_for_what_it_has_not():
    asked = []

    def encode_of(keys):
        def encode(which):
            asked.extend(keys[which])
            return torch.from_numpy(keys[which]).float()[:, None]

        return encode

    memo = TeacherMemo(limit=6)
    for keys in ([3, 1, 3], [1, 2, 3, 9], [9, 9]):
        keys = np.array(keys)
        found = memo.lookup(keys, encode_of(keys))
        assert found[:, 0].tolist() == keys.tolist()
    assert sorted(asked) == [1, 2, 3, 9]
    keys = np.array([11, 12, 13])
    assert memo.lookup(keys, encode_of(keys))[:, 0].tolist() == [11, 12, 13]
