import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeSyntheticRun } from '../../test/report/synthetic-run.js'
import { OutputError, RunError } from '../errors.js'
import { renderReport } from './report.js'
import { readStoredPicture } from './stored-picture.js'

const page = { script: 'console.log("page")', style: 'body{color:red}' }

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'horde-onnx-report-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const sha256 = (text: string | undefined) =>
  createHash('sha256')
    .update(text ?? '')
    .digest('base64')

describe('the file', () => {
  it('holds the run, its pictures as they are stored, and allows only its own script and style', async () => {
    const run = await writeSyntheticRun(folder)
    const html = await readFile(await renderReport(folder, { page }), 'utf8')
    const data = JSON.parse(/id="run-data">(.*?)<\/script>/s.exec(html)?.[1] ?? '')
    const records = [...html.matchAll(/id="case-(\d+)">(.*?)<\/script>/gs)]
    const cases = records.map(([, number, json]) => ({ number: Number(number), record: JSON.parse(json ?? '') }))
    cases.sort((a, b) => a.number - b.number)
    expect({ ...data.run, cases: cases.map(({ record }) => record) }).toEqual(run)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain(`script-src 'sha256-${sha256(/<script>(.*?)<\/script>/s.exec(html)?.[1])}'`)
    expect(policy).toContain(`style-src 'sha256-${sha256(/<style>(.*?)<\/style>/s.exec(html)?.[1])}'`)
    const { number } = data.cases[2].candidate[0]
    const stored = await readFile(join(folder, '2.0.png'), 'base64')
    expect(html).toContain(`id="picture-${number}" data-type="image/png">${stored}</script>`)
    // The name of SVG's elements is no address.
    expect(/https?:/.test(html.replace('http://www.w3.org/2000/svg', ''))).toBe(false)
  })

  it('stores the worst first, so that they are read first', async () => {
    await writeSyntheticRun(folder, [{ id: 'good' }, { id: 'bad', change: 'swap' }, { id: 'drifted', change: 'bits' }])
    const html = await readFile(await renderReport(folder, { page }), 'utf8')
    const blocks = [...html.matchAll(/<script type="[^"]*" id="([^"]*)"/g)].map(([, id]) => id)
    expect(blocks.slice(1)).toEqual([
      'case-1',
      'picture-0',
      'picture-1',
      'case-2',
      'picture-2',
      'picture-3',
      'case-0',
      'picture-4',
    ])
  })

  it('leaves pictures beyond its limit beside it, those of the best cases', async () => {
    await writeSyntheticRun(folder, [{ id: 'good' }, { id: 'bad', change: 'swap' }], run => {
      for (const result of run.cases) for (const image of result.images) image.sha256 = 'f'.repeat(64)
    })
    const size =
      (await readFile(join(folder, '1.0.png'))).length + (await readFile(join(folder, 'golden/1.0.png'))).length
    const html = await readFile(await renderReport(folder, { page, pictureBytes: size }), 'utf8')
    const data = JSON.parse(/id="run-data">(.*?)<\/script>/s.exec(html)?.[1] ?? '')
    expect(data.cases.map(({ candidate }: { candidate: unknown }) => candidate)).toEqual([
      [{ href: './0.0.png' }],
      [{ number: 0 }],
    ])
    expect(html.match(/id="picture-/g)).toHaveLength(2)
    expect(html).toMatch(/img-src data: 'self';/)
    expect(await readFile(await renderReport(folder, { page }), 'utf8')).toContain('img-src data:;')
  })

  it('stores a golden that is the same file once', async () => {
    await writeSyntheticRun(folder, [{ id: 'same' }, { id: 'other', change: 'blur' }])
    const html = await readFile(await renderReport(folder, { page }), 'utf8')
    expect(html.match(/id="picture-/g)).toHaveLength(3)
  })

  it('has no way out of the block that holds the run', async () => {
    await writeSyntheticRun(folder, [{ id: 'x', prompt: '</script><!--<script>' }], run => {
      run.id = '</title><script>alert(1)</script>'
    })
    const html = await readFile(await renderReport(folder, { page }), 'utf8')
    expect(html.match(/<script/g)).toHaveLength(4)
    expect(html).toMatch(/<title>[^<]*&#60;\/title&#62;/)
  })

  it('is written whole or not at all', async () => {
    await writeSyntheticRun(folder, [{ id: 'x' }])
    await renderReport(folder, { page })
    expect((await readdir(folder)).sort()).toEqual(['0.0.png', 'golden', 'report.html', 'run.json'])
  })

  it('cannot be made of a folder without a run, nor into one that cannot be written', async () => {
    await expect(renderReport(folder, { page })).rejects.toThrow(RunError)
    await writeSyntheticRun(folder, [{ id: 'x' }])
    await symlink('/nowhere/at/all', join(folder, 'report.html.part'))
    await expect(renderReport(folder, { page })).rejects.toThrow(OutputError)
  })
})

describe('a stored picture', () => {
  it('is known by how it begins, whatever its name', async () => {
    await writeFile(join(folder, 'a.png'), Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'))
    expect(await readStoredPicture(folder, 'a.png')).toMatchObject({ type: 'image/webp' })
    await writeFile(join(folder, 'b.png'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    expect(await readStoredPicture(folder, 'b.png')).toEqual({ missing: 'b.png is no PNG, JPEG or WebP picture' })
  })

  it('is never one from outside the folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'horde-onnx-outside-'))
    await writeFile(join(outside, 'x.png'), Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
    await symlink(join(outside, 'x.png'), join(folder, 'link.png'))
    for (const file of ['link.png', `../${outside.split('/').at(-1)}/x.png`]) {
      expect(await readStoredPicture(folder, file)).toEqual({ missing: `${file} lies outside the folder of the run` })
    }
    expect(await readStoredPicture(folder, join(outside, 'x.png'))).toHaveProperty('missing')
    await rm(outside, { recursive: true })
  })

  it('that is missing or a folder says so', async () => {
    expect(await readStoredPicture(folder, 'no.png')).toEqual({ missing: "no.png is not in the run's folder" })
    expect(await readStoredPicture(folder, '.')).toHaveProperty('missing')
  })
})
