"""What a data profile may say: parts that name files in the form in which they are published.

Paths in these classes are ready to be opened: variables are filled in, and relative ones are
relative to the profile's folder no longer. `hf://` addresses stay as they are.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FilePath = Annotated[str, Field(min_length=1)]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A part of a profile: nothing unknown, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Occurrences(Part):
    """How often each name occurs in the captions that a model was trained on.

    Attributes:
        path: a CSV file.
        name_column: of the names.
        count_column: of the counts.
        min: people who occur less often are left out.
        max: people who occur more often are left out. 1 to 300 is the papers' attack set.
    """

    path: FilePath
    name_column: str = "name"
    count_column: str = "count"
    min: NonNegativeInt = 1
    max: PositiveInt = 300

    @model_validator(mode="after")
    def _is_range(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class PeopleSource(Part):
    """People and their pictures.

    Attributes:
        layout: `facescrub` (`actors|actresses` x `images|faces`), `folders` (person/picture.jpg),
            or `list` (CelebA: a file of pictures and whom they show).
        path: the data set's folder; of a list, the folder of the pictures.
        list_file: of layout `list`: lines of picture and person.
        names_file: of layout `list` where persons are numbers: a CSV file `id,name`.
        min_pictures: people with fewer are left out; if left out, who has too few for the attack.
        occurrences: keeps the people in a range only.
    """

    layout: Literal["facescrub", "folders", "list"]
    path: FilePath
    list_file: str = ""
    names_file: str = ""
    min_pictures: PositiveInt | None = None
    occurrences: Occurrences | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.layout == "list") != bool(self.list_file):
            raise ValueError(
                "list_file is the file of pictures and people that layout 'list' needs"
            )
        if self.names_file and self.layout != "list":
            raise ValueError("names_file belongs to layout 'list'")
        return self


class CandidateSource(Part):
    """Names of nobody, which fill the attack's candidates up.

    Attributes:
        male_first_names: a CSV file with a column of names and one of counts; empty for those of
            Faker, whose weights are the United States' frequencies.
        female_first_names: likewise.
        last_names: likewise.
        names: a file of whole names instead of the three, one a line or a CSV file with counts.
    """

    male_first_names: str = ""
    female_first_names: str = ""
    last_names: str = ""
    names: str = ""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.names and (self.male_first_names or self.female_first_names or self.last_names):
            raise ValueError("names are whole names: leave first and last names out beside them")
        return self


class CaptionSource(Part):
    """Generic captions.

    Attributes:
        path: a text file, a Parquet, CSV or JSONL file (or several, by a pattern), MS-COCO's
            captions JSON, or an `hf://` address of Parquet, CSV or JSONL.
        column: of Parquet, CSV and JSONL; may be left out where only one column holds text.
    """

    path: FilePath
    column: str = ""


class ImageSource(Part):
    """Generic images.

    Attributes:
        path: a folder, which may hold folders (MS-COCO's), or WebDataset tars by a pattern such as
            `shards/{00000..00041}.tar` or `shards/*.tar`.
    """

    path: FilePath


class ClassSource(Part):
    """A classification task.

    Attributes:
        path: the folder that holds the data set; torchvision's `root` where torchvision reads it.
        classes: the classes' names in the order of the sorted folders, one a line; only of class
            folders, whose own names are taken where it is left out.
        templates: with `{}` in the place of the class name; open_clip's 80 of ImageNet if left out.
        max_images: takes this many, evenly from all.
    """

    path: FilePath
    classes: str = ""
    templates: tuple[str, ...] | None = Field(default=None, strict=False)
    max_images: PositiveInt | None = None


class IdentitySource(Part):
    """Naming the people of the profile by their pictures, as in the ECAI paper's Tables 2 and 3.

    Attributes:
        max_images: takes this many, evenly from all.
    """

    max_images: PositiveInt | None = None


KNOWN_SETS = (
    "imagenet-v2", "imagenet", "cifar10", "cifar100", "sun397", "flowers102",
)  # fmt: skip
"""Classification tasks that are read as they are published; all others are class folders."""

IDENTITIES = "identities"
"""The classification task that is made of the profile's people."""
