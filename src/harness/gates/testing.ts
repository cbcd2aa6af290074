/** What the tests of gates share. */
import { GOLDEN_SCHEMA, type Golden } from '../golden-schema.js'
import type { Picture } from '../metrics/picture.js'
import { caseOf, ENVIRONMENT } from '../testing.js'
import type { JudgedGolden } from './judge.js'

/** An approved case of that picture. */
export function goldenOf(picture: Picture, more: Partial<Golden> = {}): JudgedGolden {
  const { fixture, images, plan, planSha256, fingerprints } = caseOf('a', picture)
  const golden: Golden = {
    schema: GOLDEN_SCHEMA,
    case: 'a',
    fixtureVersion: fixture.version,
    payloadSha256: fixture.payloadSha256,
    output: 'photo',
    environment: ENVIRONMENT,
    images,
    plan,
    ...(planSha256 === undefined ? {} : { planSha256 }),
    fingerprints,
    approved: { by: 'us', reason: 'test', at: '2026-01-01T00:00:00Z', run: 'r', version: '0.1.0', models: [] },
    ...more,
  }
  return { golden, pictures: [picture] }
}
