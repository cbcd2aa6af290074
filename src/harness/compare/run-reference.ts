/** Another run as what cases are judged by: its pictures stand where goldens would. */
import { GOLDEN_SCHEMA, type Golden } from '../golden-schema.js'
import type { Reference } from '../goldens.js'
import type { CaseResult, Run } from '../run-schema.js'
import { readPicture } from '../run-store.js'
import { readTensors } from '../tensor-file.js'

export function runReference(run: Run, folder: string): Reference {
  return {
    async of({ id }) {
      const result = run.cases.find(each => each.id === id)
      if (result === undefined || result.state !== 'ok' || result.images.length === 0) return []
      const pictures = await Promise.all(result.images.map(image => readPicture(folder, image)))
      const tensors = result.tensors && (await readTensors(folder, result.tensors))
      return [{ variant: 1, golden: asGolden(run, result), pictures, tensors }]
    },
    folderOf: () => folder,
  }
}

function asGolden(run: Run, { id, fixture, images, plan, planSha256, fingerprints, tensors }: CaseResult): Golden {
  const { backend, version, commit, models, environment, createdAt } = run
  return {
    schema: GOLDEN_SCHEMA,
    case: id,
    fixtureVersion: fixture.version,
    payloadSha256: fixture.payloadSha256,
    output: fixture.output,
    environment,
    images,
    plan,
    ...(planSha256 === undefined ? {} : { planSha256 }),
    fingerprints,
    ...(tensors === undefined ? {} : { tensors }),
    approved: {
      by: `${backend} ${version}`,
      reason: 'compared with, not approved',
      at: createdAt,
      run: run.id,
      backend,
      version,
      ...(commit === undefined ? {} : { commit }),
      models,
    },
  }
}
