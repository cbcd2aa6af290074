import { access, constants } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import { kindOf } from '../engine/adapter-library.js'
import { createEngine } from '../engine/create-engine.js'
import { inspectDevices } from '../engine/devices/inspect.js'
import { ExitCode, faultOf } from '../errors.js'
import { environmentOf } from '../harness/environment.js'
import { indexAdapters } from '../models/adapter-folder.js'
import { loadCatalogue, verifyModel } from '../models/catalogue.js'
import { openCheckpoint } from '../models/checkpoint.js'
import { version } from '../version.js'
import { command } from './command.js'
import { adapterFolders, ENGINE_ARGS, engineOptions } from './engine-args.js'

interface Finding {
  what: string
  state: 'ok' | 'note' | 'problem'
  says: string
  /** What to do about it. */
  todo?: string
}

export const doctor = command({
  name: 'doctor',
  description: 'Say what is here (ONNX Runtime, providers, memory, models) and what to do about what is missing',
  args: { json: { type: 'boolean', description: 'Print the findings as JSON' }, ...ENGINE_ARGS },
  examples: [['horde-onnx doctor', 'exit code 5 means that something is in the way of drawing']],
  async run({ args }) {
    const findings = [
      node(),
      ...(await runtime(args)),
      memory(),
      ...(await models(args)),
      ...(await adapters(args)),
      await place(),
    ]
    if (args.json) process.stdout.write(`${JSON.stringify({ version, findings }, undefined, 2)}\n`)
    else process.stdout.write(render(findings))
    return findings.some(({ state }) => state === 'problem') ? ExitCode.environment : ExitCode.ok
  },
})

function node(): Finding {
  const [major = 0] = process.versions.node.split('.').map(Number)
  const says = `Node.js ${process.versions.node} on ${process.platform} ${process.arch}`
  return major >= 20
    ? { what: 'node', state: 'ok', says }
    : { what: 'node', state: 'problem', says, todo: 'install Node.js 20 or newer' }
}

/** A lane is started: whether it can load ONNX Runtime is what counts. */
async function runtime(args: Parameters<typeof engineOptions>[0]): Promise<Finding[]> {
  let engine: Awaited<ReturnType<typeof createEngine>>
  try {
    engine = await createEngine(engineOptions(args))
  } catch (error) {
    const { message, hint } = faultOf(error)
    return [{ what: 'catalogue', state: 'problem', says: message, ...(hint === undefined ? {} : { todo: hint }) }]
  }
  try {
    const { ort, provider, device, dtype, threads } = await engine.environment()
    const { class: environmentClass, isa } = await environmentOf(engine)
    return [
      { what: 'onnxruntime', state: 'ok', says: `${ort}, ${threads} threads` },
      {
        what: 'jobs run on',
        state: 'ok',
        says: `${provider} in ${dtype}: ${device} (${isa}); goldens of the class ${environmentClass}`,
      },
      ...(await inspectDevices()).map(
        ({ device, usable, says, todo }): Finding => ({
          what: device,
          state: usable ? 'ok' : 'note',
          says,
          ...(todo === undefined ? {} : { todo }),
        }),
      ),
    ]
  } catch (error) {
    const { message } = faultOf(error)
    const todo = 'reinstall the package; on Linux it needs glibc 2.28 or newer'
    return [{ what: 'onnxruntime', state: 'problem', says: message, todo }]
  } finally {
    await engine.close()
  }
}

function memory(): Finding {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
  const says = `${gib(freemem())} free of ${gib(totalmem())}`
  return freemem() > 2 ** 30
    ? { what: 'memory', state: 'ok', says }
    : {
        what: 'memory',
        state: 'note',
        says,
        todo: 'close other programs: a full-size SD1.5 checkpoint needs about 6 GiB',
      }
}

async function models({ catalogue, models: folder }: Parameters<typeof engineOptions>[0]): Promise<Finding[]> {
  try {
    const { models } = await loadCatalogue(catalogue, { folders: folder === undefined ? [] : [folder] })
    return Promise.all(
      [...models.values()].map(async (model): Promise<Finding> => {
        try {
          await verifyModel(model)
          return { what: 'model', state: 'ok', says: `${model.name} (${model.baseline}): here, and its hash is right` }
        } catch (error) {
          const { message, hint } = faultOf(error)
          return { what: 'model', state: 'problem', says: message, ...(hint === undefined ? {} : { todo: hint }) }
        }
      }),
    )
  } catch {
    return []
  }
}

/** One line for each folder, and one for each file in it that cannot be read. */
async function adapters(args: Parameters<typeof engineOptions>[0]): Promise<Finding[]> {
  const findings = adapterFolders(args).map(async (folder): Promise<Finding[]> => {
    const files = [...new Set((await indexAdapters([folder])).values())]
    const counts = { lora: 0, embedding: 0, other: 0 }
    const damaged: Finding[] = []
    for (const file of files) {
      try {
        counts[kindOf(await openCheckpoint(file))]++
      } catch (error) {
        const { message, hint } = faultOf(error)
        damaged.push({
          what: 'adapter',
          state: 'problem',
          says: message,
          ...(hint === undefined ? {} : { todo: hint }),
        })
      }
    }
    const says = `${folder}: ${counts.lora} LoRAs, ${counts.embedding} textual inversions, ${counts.other} others (ControlNets …)`
    return [{ what: 'adapters', state: files.length > 0 ? 'ok' : 'note', says }, ...damaged]
  })
  return (await Promise.all(findings)).flat()
}

async function place(): Promise<Finding> {
  const here = process.cwd()
  try {
    await access(here, constants.W_OK)
    return { what: 'output', state: 'ok', says: `${here} can be written` }
  } catch {
    return {
      what: 'output',
      state: 'note',
      says: `${here} cannot be written`,
      todo: 'name another place with --out or -o',
    }
  }
}

function render(findings: readonly Finding[]): string {
  const marks = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' }
  const lines = findings.map(({ what, state, says, todo }) => {
    const line = `${marks[state]}  ${what.padEnd(12)} ${says}`
    return todo === undefined ? line : `${line}\n${' '.repeat(22)} → ${todo}`
  })
  return `horde-onnx ${version}\n${lines.join('\n')}\n`
}
