"""Where the authors of data sets publish them."""

from collections.abc import Mapping

WHERE: Mapping[str, str] = {
    "imagenet-v2": (
        "The authors of ImageNet-V2 link to it (matched-frequency) at "
        "https://github.com/modestyachts/ImageNetV2."
    ),
    "imagenet": (
        "ImageNet's validation images (ILSVRC2012) are at https://www.image-net.org/download.php "
        "for those who register."
    ),
    "cifar10": (
        "CIFAR-10 is at https://www.cs.toronto.edu/~kriz/cifar.html; take the Python version."
    ),
    "cifar100": (
        "CIFAR-100 is at https://www.cs.toronto.edu/~kriz/cifar.html; take the Python version."
    ),
    "sun397": "SUN397 is at https://vision.princeton.edu/projects/2010/SUN/.",
    "flowers102": (
        "Flowers-102 is at https://www.robots.ox.ac.uk/~vgg/data/flowers/102/; take the images, "
        "the labels and the splits."
    ),
    "facescrub": (
        "The authors of FaceScrub give the addresses of its pictures on request at "
        "http://vintage.winklerbros.net/facescrub.html."
    ),
    "celeba": "CelebA is at https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html.",
    "ms-coco": "MS-COCO's images and captions are at https://cocodataset.org/#download.",
    "laion-aesthetics": (
        "LAION lists the parts of LAION-Aesthetics at https://laion.ai/blog/laion-aesthetics/."
    ),
}
"""A sentence for each data set that is read as it is published."""
