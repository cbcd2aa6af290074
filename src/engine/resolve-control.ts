/** From a job's control type to the ControlNet's file. Reads headers only. */
import { basename, extname } from 'node:path'
import { ModelFileError } from '../errors.js'
import { checkControlnet } from '../models/controlnet.js'
import type { ModelFacts } from '../models/facts.js'
import type { JobControl } from '../payload/job.js'

/**
 * The first that fits the model of: the file that the Horde's type stands for, and every file of the adapter folders that is
 * named `…control-TYPE` or `…control_TYPE`. A ready job may give a path instead, which is then the only candidate.
 *
 * @param paths files of the adapter folders by name
 * @throws ModelFileError where there is none, or none fits
 */
export async function resolveControl(
  { type, file }: JobControl,
  facts: ModelFacts,
  paths: ReadonlyMap<string, string>,
): Promise<string> {
  if (file !== undefined && file !== basename(file)) {
    await checkControlnet(file, facts)
    return file
  }
  const candidates = new Set([...named(file, paths), ...ofType(type, paths)])
  let misfit: unknown
  for (const candidate of candidates) {
    try {
      await checkControlnet(candidate, facts)
      return candidate
    } catch (error) {
      misfit ??= error
    }
  }
  if (misfit !== undefined) throw misfit
  const wanted = [...(file === undefined ? [] : [file]), ...(type === null ? [] : [`control-${type}.safetensors`])]
  throw new ModelFileError(
    `the ControlNet of control_type ${type ?? 'none'} is in none of the adapter folders: expected ${wanted.join(' or ')}`,
    { hint: 'Name the folder it is in; the file has to be made for the family of the model.' },
  )
}

function named(file: string | undefined, paths: ReadonlyMap<string, string>): string[] {
  if (file === undefined) return []
  const path = paths.get(file)
  return path === undefined ? [] : [path]
}

function ofType(type: string | null, paths: ReadonlyMap<string, string>): string[] {
  if (type === null) return []
  const ending = `control-${type.replaceAll('_', '-')}`
  return [...paths.values()].filter(path => {
    const stem = basename(path, extname(path)).replaceAll('_', '-')
    return stem === ending || stem.endsWith(`-${ending}`)
  })
}
