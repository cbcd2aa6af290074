/** A judged run as one file to send: scrubbed, with its page, and searched for what must not be in it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { OutputError } from '../../errors.js'
import { barePng } from '../../imaging/png.js'
import { readableJson } from '../canonical.js'
import type { CaseResult, Run } from '../run-schema.js'
import { readPicture, readRun, writeRun } from '../run-store.js'
import { packFolder } from './archive.js'
import { leaksIn, type Private, type PromptChoice, scrubRun } from './scrub.js'

export interface KitOptions {
  /** Folder of the judged run; it is not written to. */
  run: string
  /** The file to send. */
  out: string
  prompts: PromptChoice
  secrets: Private
  /** Renders the page into a folder. */
  render(folder: string): Promise<unknown>
}

/** @throws RunError where the run is damaged; OutputError where it cannot be written, or something private would be in it */
export async function makeKit({ run: from, out, prompts, secrets, render }: KitOptions): Promise<Run> {
  const run = await readRun(from)
  const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-kit-'))
  try {
    const sent = {
      ...scrubRun(run, secrets, prompts),
      cases: scrubRun(run, secrets, prompts).cases.map(withoutTensors),
    }
    for (const { images, verdict } of sent.cases) {
      for (const image of [...images, ...(verdict?.golden?.images ?? [])]) {
        // Drawn pictures carry their parameters, the prompt among them: only the pixels are sent.
        await readPicture(from, image)
        await mkdir(dirname(join(folder, image.file)), { recursive: true })
        await writeFile(join(folder, image.file), barePng(await readFile(join(from, image.file))))
      }
    }
    await writeRun(folder, sent)
    await writeFile(join(folder, 'environment.json'), `${readableJson(sent.environment)}\n`)
    await writeFile(join(folder, 'README.txt'), readme(sent, prompts))
    await render(folder)
    await assertClean(folder, secrets)
    await packFolder(folder, out)
    return sent
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Latents and embeddings show a prompt to who looks long enough, and pictures are what testers are asked for. */
function withoutTensors({ tensors: _, ...result }: CaseResult): CaseResult {
  return result
}

/** The last word: whatever was scrubbed, nothing private may be left. */
async function assertClean(folder: string, secrets: Private): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // Pictures are pixels, in which a short name stands by chance.
    if (!entry.isFile() || entry.name.endsWith('.png')) continue
    const [leak] = leaksIn(await readFile(join(entry.parentPath, entry.name), 'latin1'), secrets)
    if (leak === undefined) continue
    throw new OutputError(`the kit was not written: ${entry.name} would hold ${leak}`, {
      hint: 'this is a defect: please report it, without the kit',
    })
  }
}

function readme({ backend, version, environment, cases, comparison }: Run, prompts: PromptChoice): string {
  return `What ${backend} ${version} drew on ${environment.class}: ${cases.length} cases, compared with ${comparison?.reference.name ?? 'nothing'}.

report.html       open it in a browser; it needs no network
run.json          the same as data
environment.json  the machine
images/, golden/  what was drawn, and what it was compared with

Read it before you send it. Paths, names and keys of the machine were taken out${
    prompts === 'hash' ? ', and prompts are replaced by hashes' : '; prompts are in it'
  }.
Whoever gets it compares it with: horde-onnx compare REFERENCE KIT.zip
`
}
