"""`RunConfig`: every option of a scoring run, declared once.

The command line of `tli-bench run`, `--config FILE.yaml`, `tli_bench.score(...)`, the model arguments and task metadata of
the lm-eval plugin and the recipe that a run writes next to its results are all derived from these fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Self

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.config.loading import ATTENTIONS, DEVICE_MAPS, DTYPES, ENGINES, QUANTIZATIONS, TRANSFORMERS
from tli_bench.config.options import ON_OFF, YES_NO, Goes, Option, Setting, of_road, plain, require_names, settings

CORE = "core"
OWN_ADAPTER, NO_ADAPTER = "default", "none"
ADAPTER_OF_CORE = "auto"
"""The model's own adapter where the core lexicon is scored, which it was trained for, and none on any other list."""
OWN_ADAPTERS = {"tiny": "tiny-swh-eng-tli"}
"""Models that come with an adapter of their own: they are for trying things out, and take sample data, too."""

AUTO = "auto"
ON, OFF = ON_OFF
PLACEBOS = 20
"""How many placebos are scored where their cost allows it and nothing else was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """What is scored, on which words, how, and where the records go; every value is checked when the object is made.

    Raises InputError for a value that does not fit, naming the option.
    """

    model: Annotated[
        str,
        Option(
            help="Alias (tiny, lugha), Hub id ORG/NAME, or a model folder.",
            goes=Goes.MODEL,
            argument="pretrained",
            decides=("model", "revision", "training", "tokens", "layers"),
        ),
    ] = "tiny"
    adapter: Annotated[
        str | None,
        Option(
            help="PEFT adapter: a folder, or ORG/NAME[@REVISION][:FOLDER] on the Hub; `none` scores the base alone. On the core lexicon "
            "`tiny` has its own, on another list only if it is asked for (`default`).",
            goes=Goes.MODEL,
            decides=("adapter", "training_unknown", "seen_control"),
            shown=False,
        ),
    ] = ADAPTER_OF_CORE
    twin: Annotated[
        str | None,
        Option(
            help="The adapter's twin, trained on shuffled pairs, scored next to it: a folder, a Hub id, or `none`. "
            "Default: the one that the adapter's card names.",
            goes=Goes.MODEL,
            decides=("twin",),
        ),
    ] = None
    placebo: Annotated[
        int | None,
        Option(
            help=f"Adapters of random weights, of the adapter's own size, scored next to it; 0 for none. Default: {PLACEBOS} where "
            "they take less than a fifth of the time.",
            goes=Goes.MODEL,
            minimum=0,
            decides=("placebo",),
        ),
    ] = None
    pairs: Annotated[
        tuple[str, ...],
        Option(
            help="Language pairs, e.g. swh-eng,tur-azj. Default: 15 pairs, or that of a list's name.",
            goes=Goes.RUN,
            flags=("--pairs", "--pair"),
            decides=("pair",),
        ),
    ] = ()
    tasks: Annotated[
        tuple[str, ...],
        Option(help="Task or group names instead of pairs (`tli-bench ls tasks`).", goes=Goes.RUN, decides=("pair",)),
    ] = ()
    lexicon: Annotated[
        str,
        Option(
            help="Word list: core, a file, a folder, or hf:ID.",
            goes=Goes.TASK,
            decides=("lexicon", "lexicon_hash", "n"),
        ),
    ] = CORE
    control: Annotated[
        Path | None,
        Option(
            help="Separate control list, for lists that keep it apart.", goes=Goes.TASK, decides=("lexicon_hash", "n")
        ),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        Option(
            help="Columns of the list that hold source and target: names or numbers, e.g. neno,word or 2,3. Other roles by name: "
            "concept=id, in CLDF form=Value.",
            goes=Goes.TASK,
            decides=("lexicon_hash", "n"),
        ),
    ] = ()
    header: Annotated[
        str | None,
        Option(
            help="Whether the list's first row is a header: yes or no. Default: found out.",
            goes=Goes.TASK,
            choices=YES_NO,
            decides=("lexicon_hash", "n"),
        ),
    ] = None
    swap: Annotated[
        bool,
        Option(
            help="The list has the two languages the other way round.", goes=Goes.TASK, decides=("lexicon_hash", "n")
        ),
    ] = False
    split_column: Annotated[
        str | None,
        Option(
            help="Column with the list's own split (train, dev or valid, test or control).",
            goes=Goes.TASK,
            decides=("lexicon_hash", "n"),
        ),
    ] = None
    data_dir: Annotated[
        Path | None,
        Option(
            help="Downstream data: a folder in the official layout, `hub`, or `fixtures` (our small samples). "
            "Default: the Hub, or the samples where it is off; `tiny` takes the samples.",
            goes=Goes.TASK,
        ),
    ] = None
    chat_template: Annotated[
        str,
        Option(
            help="Ask downstream tasks within the tokenizer's chat template: on, off, or auto (where it has one and the task "
            "generates). Words are never put into it.",
            goes=Goes.RUN,
            choices=(AUTO, *ON_OFF),
            noun="chat template",
            decides=("chat_template",),
        ),
    ] = AUTO
    num_fewshot: Annotated[
        int | None,
        Option(
            help="Answered examples before each downstream prompt, from a split that is not scored. Default: the task's own "
            "number, none for ours.",
            goes=Goes.RUN,
            minimum=0,
            decides=("num_fewshot", "fewshot_source"),
        ),
    ] = None
    system_prompt: Annotated[
        str | None,
        Option(
            help="System prompt of downstream tasks: a turn of its own in a chat template, else in front of the text.",
            goes=Goes.RUN,
            decides=("system_prompt",),
        ),
    ] = None
    engine: Annotated[
        str,
        Option(help="What answers prompts: transformers or vllm.", goes=Goes.RUN, choices=ENGINES, decides=("engine",)),
    ] = TRANSFORMERS
    protocol: Annotated[
        str,
        Option(
            help="Measuring protocols joined by commas (`tli-bench ls protocols`), or FILE.yaml of your own; one record each.",
            goes=Goes.TASK,
            decides=("protocol", "pooling"),
        ),
    ] = "words"
    confirm: Annotated[
        bool,
        Option(
            help="Also score control words inside a sentence (`carrier:next`), next to the headline; costs about as much again.",
            flags=("--confirm/--no-confirm",),
            goes=Goes.TASK,
        ),
    ] = True
    limit: Annotated[
        int | None,
        Option(
            help="Only the first N word pairs or documents of each task; for trying things out.",
            goes=Goes.RUN,
            minimum=1,
            decides=("limit", "n"),
        ),
    ] = None
    audit: Annotated[
        bool,
        Option(
            help="Score the audit words in place of the control words; `tli-bench submit` does this, once.",
            goes=Goes.TASK,
            visible=False,
            decides=("lexicon", "lexicon_hash", "n"),
        ),
    ] = False
    output: Annotated[
        Path | None,
        Option(help="Folder for records and results; finished units in it are not run again.", goes=Goes.RUN),
    ] = Path("runs")
    batch_size: Annotated[
        int,
        Option(
            help="Words per forward pass, or auto; halved where memory runs out.", goes=Goes.MODEL, minimum=1, auto=True
        ),
    ] = 256
    device: Annotated[
        str | None, Option(help="cpu, cuda, cuda:1, mps. Default: a GPU when there is one.", goes=Goes.MODEL)
    ] = None
    device_map: Annotated[
        str | None,
        Option(
            help="Spread the model over all GPUs: auto, balanced, balanced_low_0 or sequential (accelerate's own). Default: one device.",
            goes=Goes.MODEL,
            choices=DEVICE_MAPS,
            noun="device map",
        ),
    ] = None
    max_memory: Annotated[
        tuple[str, ...],
        Option(help="What --device-map may fill of each device, e.g. 0=20GiB,1=20GiB,cpu=60GiB.", goes=Goes.MODEL),
    ] = ()
    layers: Annotated[
        str | None,
        Option(
            help="Only the embeddings and the first K blocks, as 0-K: nothing else is loaded. Default: all layers.",
            goes=Goes.MODEL,
            decides=("layers", "first_blocks"),
        ),
    ] = None
    attn: Annotated[
        str | None,
        Option(
            help=f"Implementation of attention: {', '.join(ATTENTIONS)}. Default: as transformers chooses.",
            goes=Goes.MODEL,
            choices=ATTENTIONS,
            noun="attention",
        ),
    ] = None
    dtype: Annotated[
        str | None,
        Option(
            help="float32, bfloat16 or float16. Default: float32 on CPU, bfloat16 on GPU.",
            goes=Goes.MODEL,
            choices=DTYPES,
            decides=("dtype",),
        ),
    ] = None
    quantize: Annotated[
        str | None,
        Option(
            help="nf4, nf4-double (its scales quantised as well), int8 or none. Default: nf4 for lugha, none otherwise.",
            goes=Goes.MODEL,
            choices=QUANTIZATIONS,
            noun="quantisation",
            decides=("quantization",),
        ),
    ] = None
    revision: Annotated[
        str | None, Option(help="Hub revision of the model.", goes=Goes.MODEL, decides=("revision",))
    ] = None
    tokenizer: Annotated[
        str | None, Option(help="In place of the model's own: folder, Hub id.", goes=Goes.MODEL, decides=("tokenizer",))
    ] = None
    seed: Annotated[
        int,
        Option(
            help="Seed of splits and of the bootstrap. The core keeps its published splits with 0 alone; adapters were trained on those.",
            goes=Goes.TASK,
            minimum=0,
            decides=("seed", "split_seed"),
        ),
    ] = 0
    measures: Annotated[
        tuple[str, ...],
        Option(
            help="Optional measures to compute as well: default (none), all, or names joined by commas "
            "(`tli-bench ls measures`).",
            goes=Goes.TASK,
        ),
    ] = ("default",)
    shown: Annotated[
        tuple[str, ...],
        Option(help="Layers to show in addition to the best ones and the output.", goes=Goes.TASK, visible=False),
    ] = ()
    allow_leakage: Annotated[
        bool,
        Option(
            help="Score control words that leak or were trained; every score says so.",
            goes=Goes.TASK,
            decides=("allow_leakage", "leaking"),
        ),
    ] = False
    trained_words: Annotated[
        Path | None,
        Option(
            help="Words that the adapter was trained on, for one without a card of ours: a list of words or of pairs "
            "(TSV, CSV, JSON, text).",
            goes=Goes.MODEL,
            told=True,
            decides=("trained_words", "training_unknown", "seen_control"),
        ),
    ] = None
    any_base: Annotated[
        bool, Option(help="Accept an adapter recorded for another base.", goes=Goes.MODEL, decides=("any_base",))
    ] = False
    skip_gate: Annotated[
        bool,
        Option(
            help="Score a base that fails the sanity gate; every score says so.",
            goes=Goes.MODEL,
            decides=("skip_gate",),
        ),
    ] = False
    trust_remote_code: Annotated[bool, Option(help="Run code shipped with the model.", goes=Goes.MODEL)] = False

    def __post_init__(self) -> None:
        for name, setting in settings(type(self)).items():
            object.__setattr__(self, name, setting.parse(getattr(self, name)))
        if self.adapter == NO_ADAPTER:
            object.__setattr__(self, "adapter", None)
        if self.pairs and self.tasks:
            raise InputError("give --pairs or --tasks, not both")
        if self.audit and (self.lexicon != "core" or self.control is not None or self.tasks):
            given = self.control or (", ".join(self.tasks) if self.tasks else self.lexicon)
            raise InputError(
                f"only the core lexicon has audit words, and they are scored by pair: leave out {str(given)!r} or `audit`"
            )

    @classmethod
    def build(cls, values: Mapping[str, Any], *, where: str = "") -> Self:
        """From options by name; raises UnknownNameError with suggestions for a name that is not an option."""
        require_names(values, settings(cls), where=where)
        return cls(**values)

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """From the model arguments of the lm-eval plugin; without an `adapter` the base alone is meant."""
        known = {setting.argument: setting.name for setting in of_road(cls, Goes.MODEL)}
        require_names(arguments, known, kind="argument of model 'tli'")
        return cls(**{"adapter": None} | {known[name]: value for name, value in arguments.items()})

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Self:
        """From a task's metadata; other keys are left to the task, since lm-eval puts the model arguments there, too."""
        names = [setting.name for setting in _told_to_tasks(cls)]
        return cls(**{name: metadata[name] for name in names if metadata.get(name) is not None})

    def arguments(self) -> dict[str, Any]:
        """The model arguments of the lm-eval plugin, each under its name there."""
        return {s.argument: getattr(self.chosen(), s.name) for s in of_road(type(self), Goes.MODEL)}

    def metadata(self) -> dict[str, Any]:
        """What is said to every task, as JSON knows it; what is not set is left out."""
        values = {s.name: plain(getattr(self.chosen(), s.name)) for s in _told_to_tasks(type(self))}
        return {name: value for name, value in values.items() if value not in (None, [])}

    def of_list(self) -> dict[str, Any]:
        """What `load_lexicon` takes besides source and pair."""
        return {"control": self.control, "seed": self.seed, **self.layout()}

    def layout(self) -> dict[str, Any]:
        """What is said about the layout of the list."""
        header = None if self.header is None else self.header == "yes"
        return {"columns": self.columns, "header": header, "swap": self.swap, "split_column": self.split_column}

    @property
    def leaves_own_adapter(self) -> bool:
        """Whether the model has an adapter of its own that is not scored, since the list is not the core."""
        return self.adapter == ADAPTER_OF_CORE and self.lexicon != CORE and self.model in OWN_ADAPTERS

    def chosen(self) -> Self:
        """The same with the model's own adapter and sample data put in, where it has them and nothing else is asked for."""
        own, adapter = OWN_ADAPTERS.get(self.model), self.adapter
        if adapter in (OWN_ADAPTER, ADAPTER_OF_CORE):
            adapter = str(data_dir("adapters") / own) if own and not self.leaves_own_adapter else None
        return replace(self, adapter=adapter, data_dir=self.data_dir or (Path("fixtures") if own else None))

    def to_dict(self) -> dict[str, Any]:
        """Every option by name, as YAML and JSON know it."""
        return {name: plain(getattr(self, name)) for name in settings(type(self))}


def _told_to_tasks(config: type) -> list[Setting]:
    """What a task acts on, and what it is told besides, for models of lm-eval's own that do not know our options."""
    told = [setting for setting in of_road(config, Goes.MODEL) if setting.option.told]
    return [*of_road(config, Goes.TASK), *told]
