// Reads pairs as JSON lines, asks promptfoo's own assertions, and writes what each says: {"id", "pass"} or {"id", "error"}.
import { createRequire } from 'module';
import { createInterface } from 'readline';
import { pathToFileURL } from 'url';

const require = createRequire(`${process.argv[2]}/`);
const promptfoo = await import(pathToFileURL(require.resolve('promptfoo')).href);
const { runAssertion } = promptfoo.assertions ?? promptfoo.default.assertions;

for await (const line of createInterface({ input: process.stdin })) {
  const { id, assertion, output, response, tools } = JSON.parse(line);
  let said;
  try {
    const result = await runAssertion({
      assertion,
      test: { vars: {} },
      provider: tools ? { id: () => 'parity', config: { tools } } : undefined,
      providerResponse: { output, ...response },
      latencyMs: response?.latencyMs,
    });
    said = { id, pass: result.pass };
  } catch (error) {
    said = { id, error: String(error.message).split('\n')[0].slice(0, 120) };
  }
  process.stdout.write(JSON.stringify(said) + '\n');
}
