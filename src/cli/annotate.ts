import { readFile } from 'node:fs/promises'
import { ExitCode, UsageError } from '../errors.js'
import { writeWhole } from '../harness/output.js'
import { annotate as annotatePicture } from '../imaging/annotators/annotate.js'
import { ANNOTATORS } from '../imaging/annotators/annotators.js'
import { NETWORK_ANNOTATORS } from '../imaging/annotators/networks.js'
import { decodeImage } from '../imaging/decode.js'
import { encodeImage } from '../imaging/encode.js'
import { command, integer } from './command.js'

export const annotate = command({
  name: 'annotate',
  description: 'Show the control map that a job of a control type would get from a picture',
  args: {
    type: { type: 'positional', required: false, description: "The Horde's control type, e.g. canny; see --list" },
    picture: { type: 'positional', required: false, description: 'PNG, JPEG, WebP or GIF' },
    output: { type: 'string', alias: 'o', description: 'File to write, PNG [default: TYPE.png]' },
    resolution: { type: 'string', description: 'Shorter side of the map in pixels [default: 512]' },
    set: { type: 'string', valueHint: 'NAME=VALUE,…', description: "The annotator's own parameters" },
    list: { type: 'boolean', description: 'List the control types and their parameters' },
  },
  examples: [
    ['horde-onnx annotate canny photo.jpg -o edges.png', 'the edges that ControlNet would follow'],
    ['horde-onnx annotate canny photo.jpg --resolution 768 --set low_threshold=50,high_threshold=120', 'more of them'],
    ['horde-onnx annotate --list', 'what there is, and what needs a network that cannot run here yet'],
  ],
  async run({ args }) {
    if (args.list) {
      process.stdout.write(listing())
      return ExitCode.ok
    }
    if (args.type === undefined || args.picture === undefined) {
      throw new UsageError('a control type and a picture are needed', {
        hint: 'horde-onnx annotate canny photo.jpg -o edges.png',
      })
    }
    const { type, picture, output = `${type}.png` } = args
    const resolution = integer('resolution', args.resolution, { min: 64, max: 16384 })
    const bytes = await readFile(picture).catch((cause: unknown) => {
      throw new UsageError(`cannot read the picture ${picture}`, { cause, hint: 'is the path right?' })
    })
    const map = annotatePicture(type, await decodeImage(bytes, { origin: picture }), {
      ...(resolution === undefined ? {} : { resolution }),
      parameters: parametersOf(args.set),
    })
    await writeWhole(output, await encodeImage({ ...map, format: 'png' }))
    process.stdout.write(`${output}\n`)
    return ExitCode.ok
  },
})

/** `a=1,b=2.5` as numbers by name. */
function parametersOf(text: string | undefined): Record<string, number> {
  const pairs = (text ?? '').split(',').filter(pair => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map(pair => {
      const [name = '', value = ''] = pair.split('=')
      if (value.trim() === '' || !Number.isFinite(Number(value))) {
        throw new UsageError(`--set takes NAME=NUMBER, got "${pair}"`)
      }
      return [name.trim(), Number(value)]
    }),
  )
}

function listing(): string {
  const own = Object.entries(ANNOTATORS).map(([type, { parameters }]) => {
    const settable = Object.entries(parameters).map(
      ([name, { default: value, min, max }]) => `${name}=${value} (${min}–${max})`,
    )
    return `${type.padEnd(24)}${settable.join(', ')}`
  })
  const networks = Object.entries(NETWORK_ANNOTATORS).map(
    ([type, { files }]) => `${type.padEnd(24)}${files.join(', ')}`,
  )
  return `${own.join('\n')}\n\nNeed a network, which cannot run here yet:\n${networks.join('\n')}\n`
}
