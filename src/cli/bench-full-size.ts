import { join } from 'node:path'
import { stringify } from 'yaml'
import { ExitCode, UsageError } from '../errors.js'
import { writeRandomWeights } from '../harness/bench/full-size/random-weights.js'
import { sd15, sdxl } from '../harness/bench/full-size/shapes.js'
import { writeWhole } from '../harness/output.js'
import { command, integer } from './command.js'

const SIZES = {
  sd15: { shapes: sd15, baseline: 'stable_diffusion_1', side: 512, about: 'Stable Diffusion 1.5, 2.1 GB' },
  sdxl: { shapes: sdxl, baseline: 'stable_diffusion_xl', side: 1024, about: 'Stable Diffusion XL, 6.9 GB' },
} as const

const isSize = (name: string): name is keyof typeof SIZES => Object.hasOwn(SIZES, name)
const LIST = Object.entries(SIZES)
  .map(([name, { about }]) => `${name} (${about})`)
  .join(', ')

export const benchFullSize = command({
  name: 'bench full-size',
  description: 'Write a model of a published size with random weights, its catalogue and a payload for it',
  args: {
    size: { type: 'positional', required: true, description: LIST },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder to write [default: random-SIZE]' },
    steps: { type: 'string', description: 'Steps of the payload [default: 20]' },
    side: { type: 'string', description: "Its width and height in pixels [default: the model's, 512 or 1024]" },
  },
  examples: [
    [
      'horde-onnx bench full-size sd15',
      'writes random-sd15/random-sd15.safetensors, a catalogue, payloads/random-sd15.json',
    ],
    [
      'horde-onnx bench --fixtures random-sd15/payloads --catalogue random-sd15/catalogue.yaml --parity runs/judged',
      'times it; runs/judged is a judged run of the same build, as random weights have no golden',
    ],
    [
      'horde-onnx generate a --model random-sd15 --catalogue random-sd15/catalogue.yaml --width 512 --height 512 --timings',
      'tells where the time goes',
    ],
  ],
  async run({ args }) {
    const { size } = args
    if (!isSize(size)) throw new UsageError(`there is no size "${size}"`, { hint: `sizes: ${LIST}` })
    const { shapes, baseline, side } = SIZES[size]
    const name = `random-${size}`
    const out = args.out ?? name
    const steps = integer('steps', args.steps, { min: 1, max: 500 }) ?? 20
    const pixels = integer('side', args.side, { min: 64, max: 3072 }) ?? side
    const file = `${name}.safetensors`
    const sha256 = await writeRandomWeights(join(out, file), shapes())
    const description = 'Random weights: pictures of it are noise.'
    const catalogue = join(out, 'catalogue.yaml')
    await writeWhole(catalogue, stringify({ version: 1, models: { [name]: { file, sha256, baseline, description } } }))
    const payload = {
      prompt: 'a lighthouse at dawn ### blurry',
      seed: 1,
      ddim_steps: steps,
      width: pixels,
      height: pixels,
      cfg_scale: 7.5,
      sampler_name: 'k_euler',
      karras: true,
      n_iter: 1,
    }
    const payloads = join(out, 'payloads')
    await writeWhole(join(payloads, `${name}.json`), `${JSON.stringify({ payload, model: name }, undefined, 1)}\n`)
    process.stdout.write(
      [
        `${join(out, file)}`,
        '',
        `horde-onnx bench --fixtures ${payloads} --catalogue ${catalogue} --parity RUN   # a judged run of this build`,
        `horde-onnx generate a --model ${name} --catalogue ${catalogue} --width ${pixels} --height ${pixels} --timings`,
        '',
      ].join('\n'),
    )
    return ExitCode.ok
  },
})
