"""A made code base with model names in known places, and with as many traps: `python -m tests.literals.corpus DIR`.

In the snippets `<<model>>` is a hit, `<<word>>` a hit by a name that could be a word, and `((model))`, `((word))` are
traps: the same names where nobody is asked through them.
"""

from __future__ import annotations

import random
import re
import sys
from dataclasses import dataclass
from pathlib import Path

MODELS = (
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1-nano",
    "gpt-4o-2024-08-06",
    "gpt-3.5-turbo-0125",
    "o3-mini",
    "claude-3-5-sonnet-20241022",
    "claude-3-5-haiku-latest",
    "claude-sonnet-4-5@20250929",
    "gemini-2.5-flash",
    "gemini-1.5-pro-002",
    "deepseek-chat",
    "mistral-large-latest",
    "command-r-plus",
    "text-embedding-3-small",
    "openai/gpt-4o-mini",
    "azure/gpt-4o",
    "openrouter/anthropic/claude-3.5-sonnet",
    "bedrock/anthropic.claude-3-haiku-20240307-v1:0",
    "us.anthropic.claude-3-5-sonnet-20240620-v1:0",
    "amazon.nova-lite-v1:0",
    "meta-llama/Llama-3.3-70B-Instruct",
    "ft:gpt-4o-mini-2024-07-18:acme::8f3kq",
)
WORDS = ("o1", "o3", "command", "sonar", "ada", "codestral")

SITES: dict[str, tuple[str, tuple[str, ...]]] = {
    "python": (
        "py",
        (
            "def NAME(client, text):\n    return client.chat.completions.create(\n"
            '        model="<<model>>",\n        messages=text,\n    )\n',
            'NAME_MODEL = "<<model>>"\n',
            'NAME_model: str = "<<word>>"\n',
            'def NAME(text, *, model="<<model>>", retries=3):\n    return ask(text, model)\n',
            'def NAME(engine: str = "<<word>>"):\n    return engine\n',
            'class NAME:\n    llm = ChatOpenAI(temperature=0, model_name="<<model>>")\n',
            'NAME_OPTIONS = {"temperature": 0.2, "model": "<<word>>"}\n',
            'def NAME():\n    return os.environ.get("NAME_MODEL", "<<word>>")\n',
            'def NAME(settings):\n    return settings.name or "<<model>>"\n',
            'async def NAME(long):\n    chosen = "<<model>>" if long else "<<model>>"\n    return await ask(chosen)\n',
            'NAME_fallbacks = ["<<model>>", "<<model>>"]\n',
            'parser.add_argument("--NAME-model", default="<<word>>", help="which one")\n',
            'def NAME():\n    body = \'{"model": "<<model>>", "stream": true}\'\n    return post(body)\n',
            'agent = Agent("<<model>>", instructions="Be brief about NAME.")\n',
            'NAME = getattr(settings, "engine", "<<word>>")\n',
            'deployments["NAME"] = dict(deployment_name="<<model>>")\n',
            '@llm.call(provider="openai", model="<<word>>")\ndef NAME(text): ...\n',
            'NAME = lambda text, model="<<model>>": ask(text, model)\n',
        ),
    ),
    "javascript": (
        "ts",
        (
            "export async function NAME(text: string) {\n"
            '  return await client.chat.completions.create({\n    model: "<<model>>",\n'
            "    messages: [text],\n  });\n}\n",
            "const NAME_MODEL = '<<model>>';\n",
            "export const NAMEModel: string = '<<word>>'\n",
            "function NAME(text, model = '<<model>>') {\n  return ask(text, model)\n}\n",
            "const NAME = process.env.NAME_MODEL ?? '<<model>>';\n",
            "const NAME = process.env.NAME || `<<model>>`;\n",
            "const NAME = generateText({ model: openai('<<word>>'), prompt });\n",
            "const NAME = long ? '<<model>>' : '<<model>>';\n",
            "const NAME = { retries: 2, modelName: '<<word>>', };\n",
            "const NAMEFallbacks = ['<<model>>', '<<model>>'];\n",
            "const NAME = genAI.getGenerativeModel({ model: '<<model>>' });\n",
            "const NAME = (text) => {\n  return '<<model>>';\n};\n",
            "const NAME = /[\"']/.test(text); const NAME2 = ask(text, '<<model>>');\n",
            "fetch(url, { method: 'POST', body: '{\"model\": \"<<model>>\"}' }); // NAME\n",
        ),
    ),
    "go": (
        "go",
        (
            "func (s *Service) NAME(ctx context.Context) (string, error) {\n\treq := openai.Request{\n"
            '\t\tModel: "<<model>>",\n\t}\n\treturn s.ask(ctx, req)\n}\n',
            'const NAMEModel = "<<model>>"\n',
            'var NAMEModel string = "<<word>>"\n',
            'func NAME() string {\n\treturn "<<model>>"\n}\n',
            'var NAME = Options{Engine: "<<word>>", Retries: 2}\n',
            'func NAME(c *Client) {\n\tc.SetModel("<<word>>")\n}\n',
            'var NAMEFallbacks = []string{"<<model>>", "<<model>>"}\n',
            'func NAME(c *Client) {\n\tmodel := "<<model>>"\n\tc.Ask(model)\n}\n',
            'func NAME(c *genai.Client) {\n\tm := c.GenerativeModel("<<model>>")\n\tm.Ask()\n}\n',
            'func NAME() {\n\tbody := `{"model": "<<model>>"}`\n\tpost(body)\n}\n',
        ),
    ),
    "java": (
        "java",
        (
            'class NAME {\n    private static final String MODEL = "<<model>>";\n}\n',
            "class NAME {\n    String answer(String text) {\n"
            '        return client.chat(Request.builder().model("<<word>>").build());\n    }\n}\n',
            'class NAME {\n    String pick() {\n        return "<<model>>";\n    }\n}\n',
            'class NAME {\n    void run() {\n        options.put("model", "<<word>>");\n    }\n}\n',
            'class NAME {\n    List<String> all = List.of("<<model>>", "<<model>>");\n}\n',
            'class NAME {\n    @Value("x") String modelName = "<<word>>";\n}\n',
            "class NAME {\n    void run() {\n"
            '        var model = OpenAiChatModel.builder().apiKey(key).modelName("<<model>>").build();\n'
            "    }\n}\n",
            'class NAME {\n    void run() {\n        setDeploymentName("<<word>>");\n    }\n}\n',
        ),
    ),
    "kotlin": (
        "kt",
        (
            'const val NAME_MODEL = "<<model>>"\n',
            'class NAME(val model: String = "<<word>>")\n',
            'fun NAME(text: String) = client.chat(text, model = "<<word>>")\n',
            'fun NAME(): String {\n    return "<<model>>"\n}\n',
            'val NAME = mapOf("model" to "<<word>>", "seed" to 7)\n',
            'val NAMEFallbacks = listOf("<<model>>", "<<model>>")\n',
            'val NAME = System.getenv("NAME_MODEL") ?: "<<model>>"\n',
        ),
    ),
    "csharp": (
        "cs",
        (
            'class NAME {\n    public string Model { get; set; } = "<<word>>";\n}\n',
            'class NAME {\n    const string DefaultModel = "<<model>>";\n}\n',
            "class NAME {\n    void Run() {\n"
            '        var client = new ChatClient(model: "<<word>>", apiKey: key);\n    }\n}\n',
            "class NAME {\n    void Run() {\n"
            '        var options = new Options { DeploymentName = "<<word>>", Retries = 2 };\n    }\n'
            "}\n",
            'class NAME {\n    string Pick() {\n        return "<<model>>";\n    }\n}\n',
            'class NAME {\n    void Run() {\n        var name = config["NAME"] ?? "<<model>>";\n    }\n}\n',
            "class NAME {\n    void Run(string text) {\n"
            '        kernel.AddOpenAIChatCompletion("<<model>>", key);\n    }\n}\n',
        ),
    ),
    "ruby": (
        "rb",
        (
            'NAME_MODEL = "<<model>>"\n',
            'def NAME(text)\n  client.chat(parameters: { model: "<<word>>", messages: text })\nend\n',
            "def NAME(text, model: '<<model>>')\n  ask(text, model)\nend\n",
            'NAME = { :model => "<<word>>" }\n',
            "NAME = ENV.fetch('NAME_MODEL', '<<word>>')\n",
            'def NAME\n  return "<<model>>"\nend\n',
            'NAME_fallbacks = ["<<model>>", "<<model>>"]\n',
            "NAME ||= settings.name || '<<model>>'\n",
        ),
    ),
    "rust": (
        "rs",
        (
            'const NAME_MODEL: &str = "<<model>>";\n',
            'fn NAME() -> &\'static str {\n    return "<<model>>";\n}\n',
            'fn NAME() {\n    let request = Request { model: "<<word>>".to_string(), seed: 7 };\n}\n',
            'fn NAME() {\n    let model = "<<word>>";\n    ask(model);\n}\n',
            'fn NAME() {\n    let request = Request::new().model("<<word>>").build();\n}\n',
            'fn NAME() {\n    let name = std::env::var("NAME_MODEL").unwrap_or("<<model>>".into());\n}\n',
            'static NAME: [&str; 2] = ["<<model>>", "<<model>>"];\n',
            'fn NAME() {\n    let body = r#"{"model": "<<model>>"}"#;\n}\n',
        ),
    ),
    "php": (
        "php",
        (
            "<?php\n$NAMEModel = '<<model>>';\n",
            "<?php\nfunction NAME($client) {\n"
            "    return $client->chat()->create(['model' => '<<word>>', 'messages' => []]);\n}\n",
            "<?php\nclass NAME {\n    const MODEL = '<<word>>';\n}\n",
            '<?php\nfunction NAME($text, $model = "<<model>>") {\n    return ask($text, $model);\n}\n',
            "<?php\n$NAME = getenv('NAME') ?: '<<model>>';\n",
            "<?php\nfunction NAME() {\n    return '<<model>>';\n}\n",
        ),
    ),
    "shell": (
        "sh",
        (
            "#!/bin/sh\nNAME_MODEL=<<model>>\n",
            '#!/bin/sh\nexport NAME_MODEL="<<word>>"\n',
            "#!/bin/sh\nrun-eval --name NAME --model <<word>>\n",
            "#!/bin/sh\nrun-eval --model=<<model>> NAME\n",
            '#!/bin/sh\nname="${NAME_MODEL:-<<word>>}"\n',
            '#!/bin/sh\n# NAME\ncurl https://api.example.com/v1/chat -d \'{"model": "<<model>>", "n": 1}\'\n',
            '#!/bin/sh\n# NAME\ncurl https://api.example.com -d @- <<EOF\n{"model": "<<model>>"}\nEOF\n',
        ),
    ),
    "yaml": (
        "yaml",
        (
            "NAME:\n  model: <<word>>\n  temperature: 0\n",
            'NAME:\n  default_model: "<<model>>"  # the dear one\n',
            "NAME:\n  fallbacks:\n    - <<model>>\n    - <<model>>\n",
            "env:\n  - name: NAME_MODEL\n    value: <<model>>\n",
            "NAME: {model: <<word>>, retries: 2}\n",
            "NAME:\n  args: ['--model', '<<model>>']\n",
        ),
    ),
    "json": (
        "json",
        (
            '{"NAME": {"model": "<<word>>", "seed": 7}}\n',
            '{\n  "NAME": [\n    {"engine": "<<word>>"},\n    {"primary": "<<model>>"}\n  ]\n}\n',
        ),
    ),
    "toml": ("toml", ('[NAME]\nmodel = "<<word>>"\n', '[NAME]\nfallbacks = ["<<model>>", "<<model>>"]\n')),
    "env": ("env", ("NAME_MODEL=<<word>>\n", 'NAME_DEPLOYMENT="<<model>>"\n')),
    "terraform": (
        "tf",
        ('variable "NAME_model" {\n  default = "<<model>>"\n}\n', 'locals {\n  NAME_model = "<<word>>"\n}\n'),
    ),
}

TRAPS: dict[str, tuple[str, ...]] = {
    "python": (
        'def NAME(text):\n    """Ask ((model)), or "((model))".\n\n'
        '    >>> NAME(model="((model))")\n    """\n    return text\n',
        '# NAME used to be model="((model))"\n',
        'NAME_PRICES = {"((model))": 2.5, "((model))": 10.0}\n',
        'def NAME(model):\n    if model == "((model))" or model in ("((model))", "((model))"):\n        return 1\n',
        'def NAME(model):\n    if model.startswith("((model))"):\n        return 2\n',
        'logger.info("((model))")\nlogger.info("asked %s for NAME", "((model))")\n',
        'NAME = run("((word))", shell=True)\n',
        'NAME_command = "((word))"\n',
        'NAME = {"type": "((word))", "title": "((model))"}\n',
        'NAME_URL = "https://docs.example.com/models/((model))"\n',
        'NAME_FILE = "results/((model)).json"\n',
        'NAME_NOTE = "We moved from ((model)) to a cheaper one in May."\n',
        'def NAME(kind: Literal["((model))", "((model))"]) -> None: ...\n',
        'NAME = PRICES["((model))"]\n',
        'def NAME(model):\n    match model:\n        case "((model))":\n            return 3\n',
        'NAME = tiktoken.encoding_for_model("((model))")\n',
        'assert NAME() == "((model))"\n',
        'NAME_KNOWN = {"((model))", "((model))"}\n',
        'NAME = "x((model))-tokenizer-cache"\n',
    ),
    "javascript": (
        "/* NAME: model: '((model))' */\n// const model = '((model))'\n",
        "const NAMEPrices = { '((model))': 2.5, \"((model))\": 10 };\n",
        "if (model === '((model))' || '((model))' == model) { NAME() }\n",
        "switch (model) { case '((model))': NAME(); break }\n",
        "type NAME = '((model))' | '((model))';\n",
        "const NAMECommand = { command: '((word))' };\n",
        "NAME.run('((word))');\n",
        "const NAME = prices['((model))'];\n",
        "console.log('((model))'); // NAME\n",
        "const NAME = 'https://docs.example.com/((model))/x';\n",
        "const NAME = `Do not use ((model)) here`;\n",
    ),
    "go": (
        '// NAME: Model: "((model))"\nvar NAMEx = 1\n',
        'var NAMEPrices = map[string]float64{\n\t"((model))": 2.5,\n}\n',
        'func NAME(model string) bool {\n\treturn model == "((model))"\n}\n',
        'func NAME(model string) bool {\n\treturn strings.HasPrefix(model, "((model))")\n}\n',
        'func NAME() { run("((word))") }\n',
        'func NAME(model string) {\n\tswitch model {\n\tcase "((model))", "((model))":\n\t}\n}\n',
    ),
    "java": (
        '/** NAME asks "((model))". */\nclass NAME {}\n',
        "class NAME {\n    boolean is(String model) {\n"
        '        return model.equals("((model))") || "((model))".equals(model);\n    }\n}\n',
        'class NAME {\n    void run() {\n        execute("((word))");\n    }\n}\n',
        'class NAME {\n    void run() {\n        System.out.println("((model))");\n    }\n}\n',
    ),
    "kotlin": (
        '// val NAME = "((model))"\nval NAMEx = 1\n',
        'fun NAME(model: String) = when (model) {\n    "((model))" -> 1\n    else -> 2\n}\n',
        'val NAME = run("((word))")\n',
    ),
    "csharp": (
        '// NAME: Model = "((model))"\nclass NAME {}\n',
        "class NAME {\n    bool Is(string model) {\n"
        '        if (model == "((model))") { return true; }\n        return false;\n    }\n}\n',
        'class NAME {\n    void Run() {\n        Execute("((word))");\n    }\n}\n',
    ),
    "ruby": (
        '# NAME = "((model))"\n=begin\nmodel: "((model))"\n=end\n',
        'def NAME(model)\n  model == "((model))"\nend\n',
        'NAME_PRICES = { "((model))" => 2.5 }\n',
        'NAME = run("((word))")\n',
    ),
    "rust": (
        '/// NAME asks "((model))".\n/* "((model))" */\nfn NAME() {}\n',
        'fn NAME(model: &str) -> u8 {\n    match model {\n        "((model))" | "((model))" => 1,\n'
        "        _ => 2,\n    }\n}\n",
        "fn NAME<'a>(x: &'a str) -> bool {\n    x == \"((model))\"\n}\n",
        'fn NAME() {\n    run("((word))");\n}\n',
    ),
    "php": (
        "<?php\n# NAME = '((model))'\n// '((model))'\n/* '((model))' */\n",
        "<?php\n$NAME = ['((model))' => 2.5];\n",
        "<?php\nif ($model === '((model))') { NAME(); }\n",
        "<?php\nNAME('((word))');\n",
    ),
    "shell": (
        "#!/bin/sh\n# NAME_MODEL=((model))\necho done # --model ((model))\n",
        "#!/bin/sh\nNAME ((word)) --verbose\n",
        "#!/bin/sh\necho 'We asked ((model)) about NAME'\n",
    ),
    "yaml": (
        "NAME:\n  description: ((model))\n  kind: ((word))\n",
        "# model: ((model))\nNAME: 1\n",
        "NAME:\n  prices:\n    ((model)): 2.5\n",
        "NAME: |\n  We ask ((model)) for this,\n  model: ((model))\n",
    ),
    "json": (
        '{"NAME": {"((model))": {"input": 2.5}}, "kind": "((word))"}\n',
        '{"NAME": {"description": "((model))"}}\n',
    ),
    "toml": ('# model = "((model))"\n[NAME]\nkind = "((word))"\n', '[NAME]\n"((model))" = 2.5\n'),
    "env": ("# NAME_MODEL=((model))\nNAME_KIND=((word))\n",),
    "terraform": ('# NAME_model = "((model))"\nlocals {\n  NAME_kind = "((word))"\n}\n',),
}

PROSE = {
    "README.md": 'Use `model="gpt-4o"` or claude-3-5-sonnet-20241022.\n',
    "docs/guide.rst": 'model = "gpt-4o"\n',
    "CHANGELOG": '- default model is now "gpt-4o-mini"\n',
    "notes.txt": 'model="gpt-4o"\n',
    "package-lock.json": '{"model": "gpt-4o"}\n',
    "poetry.lock": 'model = "gpt-4o"\n',
    "web/app.min.js": 'const model="gpt-4o";\n',
    "node_modules/x/index.js": 'const model = "gpt-4o";\n',
    ".venv/lib/x.py": 'model = "gpt-4o"\n',
    "dist/x.py": 'model = "gpt-4o"\n',
    "audit.yaml": "tiers:\n  - {name: large, model: gpt-4o, provider: openai}\n",
}
MARK = re.compile(r"(<<|\(\()(model|word)(?:>>|\)\))")
TOPICS = ("triage", "invoice", "summary", "answer", "extract", "classify", "translate", "review")


@dataclass(frozen=True, order=True)
class Site:
    """A place: path below the root, line from 1, literal."""

    file: str
    line: int
    literal: str


def write_corpus(root: Path, *, seed: int = 7, rounds: int = 3) -> tuple[set[Site], set[Site]]:
    """Write the code base.

    Args:
        rounds: Files made of every snippet, each with other names.

    Returns:
        Places that are hits, and places that are traps.
    """
    rng = random.Random(seed)
    hits: set[Site] = set()
    traps: set[Site] = set()
    for language, (suffix, snippets) in SITES.items():
        for index, snippet in enumerate([*snippets, *TRAPS[language]]):
            for number in range(rounds):
                name = f"{rng.choice(TOPICS)}_{number}"
                text = _rendered(snippet.replace("NAME", name), rng)
                path = f"{language}/{'traps' if index >= len(snippets) else 'sites'}_{index}_{number}.{suffix}"
                _write(root / path, MARK.sub("", text[0]))
                hits |= {Site(path, line, literal) for line, literal in text[1]}
                traps |= {Site(path, line, literal) for line, literal in text[2]}
    for path, text_ in PROSE.items():
        _write(root / path, text_)
    return hits, traps


Found = set[tuple[int, str]]


def _rendered(snippet: str, rng: random.Random) -> tuple[str, Found, Found]:
    """The text of a snippet, its hits and its traps by line."""
    hits: Found = set()
    traps: Found = set()
    lines = []
    for number, line in enumerate(snippet.split("\n"), start=1):
        while match := MARK.search(line):
            name = rng.choice(MODELS if match[2] == "model" else WORDS)
            (hits if match[1] == "<<" else traps).add((number, name))
            line = line[: match.start()] + name + line[match.end() :]
        lines.append(line)
    return "\n".join(lines), hits, traps


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    found = write_corpus(Path(sys.argv[1]))
    print(f"{len(found[0])} sites, {len(found[1])} traps")
