import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ExitCode, UsageError } from '../errors.js'
import { loadFixtures } from '../harness/fixture/load.js'
import { kudosReport } from '../harness/kudos/kudos-report.js'
import { type KudosModel, readKudosModel } from '../harness/kudos/model.js'
import { kudosPayload } from '../harness/kudos/payload.js'
import { predictKudos, predictSeconds, readPredictor } from '../harness/kudos/predictor/predictor.js'
import { BRIDGES, type Bridge, priceOf, requestCost } from '../harness/kudos/price.js'
import { type TrafficJob, trafficJob } from '../harness/kudos/traffic.js'
import { readRun, writeRun } from '../harness/run-store.js'
import { loadCatalogue } from '../models/catalogue.js'
import { parsePayload } from '../payload/parse.js'
import { payloadToJob } from '../payload/to-job.js'
import { renderKudosTable } from '../report/kudos-table.js'
import { renderReport } from '../report/report.js'
import { command } from './command.js'
import { ENGINE_ARGS } from './engine-args.js'

export const price = command({
  name: 'kudos',
  description: "Price a payload, or what a run drew, with the AI Horde's own arithmetic",
  args: {
    what: {
      type: 'positional',
      required: true,
      description: 'A payload, a folder of payloads, or the folder of a run',
    },
    model: {
      type: 'string',
      valueHint: 'FILE',
      description:
        "The Horde's kudos model, kudos-v21-206.npz of its source (AGPL, therefore not shipped), or a predictor.json of kudos train",
    },
    baseline: {
      type: 'string',
      description:
        "Family of the checkpoint, e.g. stable_diffusion_xl [default: the catalogue's, else stable_diffusion_1]",
    },
    bridge: { type: 'string', description: "The worker's program: latest, older, other [default: latest]" },
    against: { type: 'string', valueHint: 'RUN', description: 'Another run of the same payloads to compare with' },
    traffic: {
      type: 'string',
      valueHint: 'PATH',
      description: 'Recorded payloads: the classes of the run count as often as these ask for them',
    },
    json: { type: 'boolean', description: 'Print the figures as JSON' },
    catalogue: ENGINE_ARGS.catalogue,
  },
  examples: [
    ['horde-onnx kudos pop.json --model kudos-v21-206.npz', 'what a worker gets for a job, and what its user pays'],
    ['horde-onnx kudos runs/today --model kudos-v21-206.npz', 'kudos an hour by class of payload, into the report'],
    ['horde-onnx kudos runs/today --against runs/comfyui --model …', 'who earns more of the same jobs'],
    [
      'horde-onnx kudos runs/today --against runs/last --traffic recorded --model …',
      'what a change costs over the jobs that were really asked for, and which features make it',
    ],
  ],
  async run({ args }) {
    if (args.model === undefined) {
      throw new UsageError('--model is missing: the file of the kudos model', {
        hint: 'it comes with the source of the AI Horde: horde/classes/stable/kudos-v21-206.npz',
      })
    }
    if (args.model.endsWith('.json'))
      return await byPredictor(args.what, { ...args, file: args.model, json: args.json === true })
    const model = await readKudosModel(args.model)
    const isRun = await stat(join(args.what, 'run.json')).then(
      () => true,
      () => false,
    )
    return isRun
      ? priceRun(args.what, { ...args, model, json: args.json === true })
      : pricePayloads(args.what, { ...args, model, json: args.json === true })
  },
})

async function priceRun(
  folder: string,
  { model, against, traffic: from, json, ...families }: PriceArgs,
): Promise<ExitCode> {
  const run = await readRun(folder, { pictures: false })
  const other = against === undefined ? undefined : await readRun(against, { pictures: false })
  const section = kudosReport(run, {
    model,
    ...(other === undefined ? {} : { against: other }),
    ...(from === undefined ? {} : { traffic: { from: basename(from), jobs: await trafficOf(from, families) } }),
  })
  await writeRun(folder, { ...run, kudos: section })
  const page = await renderReport(folder)
  process.stdout.write(
    json ? `${JSON.stringify(section, undefined, 1)}\n` : `${renderKudosTable(section)}\n\nreport: ${page}\n`,
  )
  return ExitCode.ok
}

async function trafficOf(path: string, families: Pick<PriceArgs, 'baseline' | 'catalogue'>): Promise<TrafficJob[]> {
  const baselineOf = await familyFinder(families)
  return (await loadFixtures(path)).map(({ payload }) => trafficJob(payload, baselineOf(kudosPayload(payload).model)))
}

/** The family of a model by its name: as told, else the catalogue's, else the one that costs least. */
async function familyFinder({
  baseline,
  catalogue: file,
}: Pick<PriceArgs, 'baseline' | 'catalogue'>): Promise<(model: string | undefined) => string> {
  const { models } = await loadCatalogue(file)
  return model => baseline ?? models.get(model ?? '')?.baseline ?? 'stable_diffusion_1'
}

/** By what this machine takes, instead of by what the Horde expects. */
async function byPredictor(
  path: string,
  { file, against, traffic, baseline, json, catalogue: from }: Omit<PriceArgs, 'model'> & { file: string },
): Promise<ExitCode> {
  if (traffic !== undefined) throw new UsageError('--traffic needs the run of a backend and the model of the Horde')
  if (against !== undefined) {
    throw new UsageError("--against needs the Horde's model: a predictor is of one machine", {
      hint: 'name the .npz file',
    })
  }
  const predictor = await readPredictor(file)
  const catalogue = await loadCatalogue(from)
  const fixtures = await loadFixtures(path)
  const priced = fixtures.map(({ id, payload }) => {
    const job = payloadToJob(parsePayload(payload), {
      baselineOf: name => ({
        baseline: baseline ?? catalogue.models.get(name)?.baseline ?? 'stable_diffusion_1',
        inpainting: catalogue.models.get(name)?.inpainting ?? false,
      }),
    })
    return { id, seconds: predictSeconds(predictor, job), kudos: predictKudos(predictor, job) }
  })
  if (json) process.stdout.write(`${JSON.stringify(priced, undefined, 1)}\n`)
  else {
    for (const { id, seconds, kudos } of priced) {
      process.stdout.write(
        `${id}: ${seconds.toFixed(2)} s on ${predictor.device}, worth ${kudos.toFixed(2)} kudos there\n`,
      )
    }
  }
  return ExitCode.ok
}

interface PriceArgs {
  model: KudosModel
  baseline?: string | undefined
  bridge?: string | undefined
  catalogue?: string | undefined
  against?: string | undefined
  traffic?: string | undefined
  json: boolean
}

async function pricePayloads(path: string, args: PriceArgs): Promise<ExitCode> {
  if (args.against !== undefined) {
    throw new UsageError('--against compares runs, and this is a payload', { hint: 'replay it first' })
  }
  if (args.traffic !== undefined) {
    throw new UsageError('--traffic weighs a run, and this is a payload', { hint: 'replay it first' })
  }
  const share = BRIDGES[bridgeOf(args.bridge)]
  const fixtures = await loadFixtures(path)
  const baselineOf = await familyFinder(args)
  const priced = fixtures.map(({ id, payload: text }) => {
    const payload = kudosPayload(text)
    const baseline = baselineOf(payload.model)
    const price = priceOf(payload, { model: args.model, baseline })
    return {
      id,
      baseline,
      ...price,
      pictures: payload.images,
      reward: price.kudos * payload.images * share,
      cost: requestCost(payload, { price, baseline }),
    }
  })
  if (args.json) process.stdout.write(`${JSON.stringify(priced, undefined, 1)}\n`)
  else {
    for (const { id, reward, cost, by, reason, seconds, surcharge, multiplier, baseline } of priced) {
      const parts = [
        by === 'model' ? `expected to take ${seconds} s` : `by the old formula: ${reason}`,
        ...(surcharge > 0 ? [`${surcharge} for adapters`] : []),
        ...(multiplier === 1 ? [] : [`×${multiplier} for ${baseline}`]),
      ]
      process.stdout.write(
        `${id}: the worker gets ${reward.toFixed(2)} kudos, the user pays ${cost.toFixed(2)} (${parts.join(', ')})\n`,
      )
    }
  }
  return ExitCode.ok
}

function bridgeOf(text: string | undefined): Bridge {
  const bridge = text ?? 'latest'
  if (bridge === 'latest' || bridge === 'older' || bridge === 'other') return bridge
  throw new UsageError(`--bridge must be latest, older or other, got "${bridge}"`)
}
