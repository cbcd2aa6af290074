import { ExitCode, faultOf, UsageError } from '../errors.js'
import { readCaptures } from '../harness/record/captures.js'
import { startProxy } from '../harness/record/proxy.js'
import { createRecorder, type Recorder } from '../harness/record/recorder.js'
import { hashWords, keepWords } from '../harness/record/scrub.js'
import { command, integer } from './command.js'

export const record = command({
  name: 'record',
  description: 'Record jobs of the Horde as fixtures, without anything that tells who asked',
  args: {
    captures: {
      type: 'positional',
      required: false,
      description: 'Pops that were captured (files or a folder; also what reGen captures); leave it out for the proxy',
    },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the fixtures [default: recorded]' },
    upstream: {
      type: 'string',
      valueHint: 'URL',
      description: 'The Horde behind the proxy [default: https://aihorde.net]',
    },
    port: { type: 'string', description: 'Port of the proxy [default: 7071]' },
    prompts: { type: 'string', description: 'keep, or hash: every word becomes another [default: hash]' },
    limit: { type: 'string', description: 'Stop after so many fixtures' },
  },
  examples: [
    ['horde-onnx record --out recorded', 'a proxy: set horde_url of the worker to http://127.0.0.1:7071'],
    ['horde-onnx record kudos_model_training/ --prompts hash --out recorded', "fixtures of reGen's captures"],
    ['horde-onnx replay recorded', 'draws what was recorded'],
  ],
  async run({ args, signal }) {
    const { prompts = 'hash', out = 'recorded' } = args
    if (prompts !== 'keep' && prompts !== 'hash')
      throw new UsageError(`--prompts must be keep or hash, got "${prompts}"`)
    const limit = integer('limit', args.limit, { min: 1, max: 1_000_000 }) ?? Number.POSITIVE_INFINITY
    const recorder = createRecorder({ out, words: prompts === 'keep' ? keepWords : hashWords() })
    if (args.captures !== undefined) return await fromCaptures(args.captures, { recorder, limit })
    const port = integer('port', args.port, { min: 0, max: 65_535 }) ?? 7071
    return await fromProxy({ recorder, limit, port, upstream: args.upstream ?? 'https://aihorde.net', signal })
  },
})

async function fromCaptures(
  path: string,
  { recorder, limit }: { recorder: Recorder; limit: number },
): Promise<ExitCode> {
  const counts = { recorded: 0, known: 0, none: 0, failed: 0 }
  for (const { origin, text } of await readCaptures(path)) {
    if (counts.recorded >= limit) break
    try {
      const result = await recorder.record(text)
      if ('file' in result) counts.recorded++
      else counts[result.skipped === 'known' ? 'known' : 'none']++
    } catch (error) {
      counts.failed++
      process.stderr.write(`${origin}: ${faultOf(error).message}\n`)
    }
  }
  const { recorded, known, none, failed } = counts
  process.stdout.write(`${recorded} recorded, ${known} known already, ${none} without a job, ${failed} failed\n`)
  return recorded + known > 0 ? ExitCode.ok : ExitCode.invalid
}

interface ProxyRun {
  recorder: Recorder
  limit: number
  port: number
  upstream: string
  signal: AbortSignal
}

async function fromProxy({ recorder, limit, port, upstream, signal }: ProxyRun): Promise<ExitCode> {
  let recorded = 0
  let last: Promise<unknown> = Promise.resolve()
  const enough = new AbortController()
  const proxy = await startProxy({
    upstream,
    port,
    onPop(text) {
      last = last
        .then(async () => {
          if (recorded >= limit) return
          const result = await recorder.record(text)
          if (!('file' in result)) return
          process.stdout.write(`${result.file}\n`)
          if (++recorded >= limit) enough.abort()
        })
        .catch((error: unknown) => process.stderr.write(`not recorded: ${faultOf(error).message}\n`))
    },
    onError: message => process.stderr.write(`${message}\n`),
  })
  process.stderr.write(
    `recording between a worker and ${new URL(upstream).origin}: set its horde_url to ${proxy.url}; Ctrl-C ends it\n`,
  )
  const end = AbortSignal.any([signal, enough.signal])
  await new Promise<void>(resolve => {
    if (end.aborted) resolve()
    else end.addEventListener('abort', () => resolve(), { once: true })
  })
  await proxy.close()
  await last
  return ExitCode.ok
}
