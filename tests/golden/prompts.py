"""Write the prompts of every task that the model answers, as it reads them: `python -m tests.golden.prompts`.

For reviewers of the wording: each task with and without a chat template, and with one answered example. Documents and examples are the
project's own; where it has none in a language, they are its English ones, and where it has none of a set, `stand_in`.
"""

from pathlib import Path

from tli_bench.base.errors import InputError
from tli_bench.base.paths import data_dir
from tli_bench.downstream.readers import read_sentences
from tli_bench.downstream.registry import find_spec, own_names
from tli_bench.downstream.sources import Loaded
from tli_bench.downstream.spec import AnswerSpec
from tli_bench.downstream.topics import topics
from tli_bench.languages import pivot
from tli_bench.plugin.downstream_tasks import AnswerTask

PROMPTS = Path(__file__).parent / "prompts.txt"
HEAD = """What models read, written by `python -m tests.golden.prompts`: every task that is answered, in every language, first as the
beginning of a text, then in a chat template (here <role>...</role>), each without and with one answered example. The model goes on
after the last character before the empty line. Translation is asked in the same way with and without a template. Not reviewed by
native speakers.
"""


def template(messages, add_generation_prompt=True):
    """A chat template that shows what it does."""
    assert add_generation_prompt
    return "".join(f"<{m['role']}>{m['content']}</{m['role']}>\n" for m in messages) + "<assistant>"


ENGLISH = "  (English documents)"


def definitions():
    """Name, specification and options of every task that is answered; with English documents where there are no others."""
    for name in own_names():
        kind = find_spec(name)
        for found in kind.tasks() if issubclass(kind, AnswerSpec) else ():
            options, said = {"spec": name, **found.options}, ""
            if name == "xquad" and not found.offline:
                options["iso2"], said = pivot().iso639_1, ENGLISH
            elif not found.offline and name != "sib200":
                said = ENGLISH
            yield found.name + said, kind.CHAT, options


def stand_in(options):
    """A document for a task whose set has no fixtures: English, but for a sentence, which is there in every language."""
    match options["spec"]:
        case "mlqa" | "afriqa":
            english = {"language": pivot().code, "iso2": pivot().iso639_1, "data_dir": "fixtures"}
            return find_spec("xquad")("golden", english).load().items[0]
        case "exams":
            texts = ["four", "six", "eight"]
            return {"question": "How many legs does a spider have?", "texts": texts, "options": list("ABC"), "gold": 2}
        case "sib200":
            [text, *_] = read_sentences(data_dir("tasks") / "bitext" / "sample" / f"{options['language']}.txt")
            return {"text": text, "options": topics(), "gold": 0}
    return None


def shown(options, *, chat, shots):
    """The distinct prompts of a task's first document; none with examples where there is no split to take them from."""
    task = AnswerTask({"task": "golden", "metadata": {**options, "data_dir": "fixtures"}})
    if (document := stand_in(options)) is not None:
        task.spec.load = lambda: Loaded([document], "golden")
    task.set_config("num_fewshot", shots)
    try:
        task.shots()
    except InputError:
        return []
    task.build_all_requests(limit=1, apply_chat_template=chat, chat_template=template, fewshot_as_multiturn=True)
    return list(dict.fromkeys(str(instance.args[0]) for instance in task.instances))


def rendered():
    """The whole file."""
    parts = [HEAD]
    for name, chats, options in definitions():
        for chat in (False, True) if chats else (False,):
            for shots in (0, 1):
                how = ", ".join(["chat template"] * chat + ["one example"] * shots) or "as it is"
                parts += [f"===== {name}: {how}\n{prompt}\n" for prompt in shown(options, chat=chat, shots=shots)]
    return "\n".join(parts)


def main():
    """Write the file."""
    PROMPTS.write_text(rendered(), encoding="utf-8")
    print(f"{PROMPTS}: {PROMPTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
