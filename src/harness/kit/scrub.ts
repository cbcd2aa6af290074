/** What leaves a machine leaves it without what is private: where things lie, who works there, keys, and by choice prompts. */
import { isLosslessNumber, parse, stringify } from 'lossless-json'
import { sha256Hex } from '../canonical.js'
import type { Run } from '../run-schema.js'

/** What must not be in anything that is sent. */
export interface Private {
  /** Folders: replaced wherever they stand, before all other paths lose everything but their last part. */
  folders: readonly string[]
  /** Names of the user and the machine. Payloads keep them: there they are words of a prompt. */
  names: readonly string[]
  /** Values of keys and tokens. */
  keys: readonly string[]
}

export type PromptChoice = 'keep' | 'hash'

/** Names that say nothing of anybody. */
const COMMON_NAMES = new Set([
  'root',
  'user',
  'admin',
  'runner',
  'node',
  'ubuntu',
  'debian',
  'localhost',
  'app',
  'home',
])

/** Variables of the environment whose values are secrets. */
const KEY_NAME = /key|token|secret|passw|credential/i

interface Surroundings {
  home: string
  cwd: string
  temporary: string
  user: string
  host: string
  env: NodeJS.ProcessEnv
}

/** What is private on a machine. */
export function privateOf({ home, cwd, temporary, user, host, env }: Surroundings): Private {
  const longFirst = (texts: readonly string[]) => [...new Set(texts)].sort((a, b) => b.length - a.length)
  return {
    folders: longFirst([home, cwd, temporary].filter(folder => folder.length > 1)),
    names: longFirst([user, host, host.split('.')[0] ?? ''].filter(name => name.length > 2 && !COMMON_NAMES.has(name))),
    keys: longFirst(
      Object.entries(env).flatMap(([name, value = '']) => (KEY_NAME.test(name) && value.length >= 6 ? [value] : [])),
    ),
  }
}

/** Tokens that show what they are by how they begin. */
const TOKENS =
  /\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|glpat-[\w-]{16,})|(?<=\bBearer\s+)[\w.~+/-]{8,}=*/g

/** A field of JSON that holds a key, also where the JSON stands in a string. */
const KEY_FIELD = /(\\?"(?:api_?key|token|password|secret)\\?"\s*:\s*\\?")[^"\\]+/gi

/** Absolute paths of POSIX and Windows, of two parts or more; addresses are none. */
const POSIX = /(?<![\w/.:~…])\/(?:[^\s/"'`<>:,;()|]+\/)+([^\s/"'`<>:,;()|]*)/g
const WINDOWS = /\b[A-Za-z]:(?:\\+[^\s\\/"'<>|:]+)+?\\+([^\s\\/"'<>|:]+)(?![^\s"'<>|:]*\\)/g

/** What is left of a path behind a folder that was taken out. */
const TAIL = /…(?:[\\/]+[^\s\\/"'`<>:,;()|]+)+/g

/** Queries of addresses carry signatures, their authority may carry a password. */
const QUERY = /\b(https?:\/\/)(?:[^\s"'@/]*@)?([^\s"'?#]+)[?#][^\s"']*/g

/** Without keys and places. */
export function scrubPlaces(text: string, { folders, keys }: Private): string {
  const known = [...keys.map(key => [key, '<key>'] as const), ...folders.map(folder => [folder, '…'] as const)]
  const without = known.reduce((now, [secret, instead]) => now.replaceAll(secret, instead), text)
  return without
    .replace(TAIL, path => `…/${path.split(/[\\/]+/u).at(-1)}`)
    .replace(TOKENS, '<key>')
    .replace(KEY_FIELD, '$1<key>')
    .replace(QUERY, '$1$2?…')
    .replace(POSIX, '…/$1')
    .replace(WINDOWS, '…\\$1')
}

/** Without keys, places and names. */
export function scrubText(text: string, secrets: Private): string {
  return secrets.names.reduce(
    (now, name) => now.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal(name)}(?![\\p{L}\\p{N}])`, 'giu'), '<name>'),
    scrubPlaces(text, secrets),
  )
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?|()[\]{}]/g, '\\$&')
}

/** Fields whose text people wrote, or that quote what people wrote. Names of files and cases are kept: they are what things are called by. */
const FREE_TEXT = new Set([
  'message',
  'hint',
  'reason',
  'says',
  'approvedBy',
  'owner',
  'by',
  'source',
  'title',
  'command',
  'ref',
])

/** Fields that name files and hashes. */
const AS_IT_IS = new Set(['file', 'sha256', 'planSha256', 'payloadSha256', 'id', 'fingerprint'])

/** A run as it may be sent. */
export function scrubRun(run: Run, secrets: Private, prompts: PromptChoice): Run {
  const hidden = prompts === 'hash' ? run.cases.flatMap(({ fixture }) => promptsOf(fixture.payload)) : []
  const hide = (text: string) => hidden.reduce((now, prompt) => now.replaceAll(prompt, hashOf(prompt)), text)

  function scrub(value: unknown, key: string): unknown {
    if (typeof value === 'string') {
      if (AS_IT_IS.has(key)) return value
      return hide(FREE_TEXT.has(key) ? scrubText(value, secrets) : scrubPlaces(value, secrets))
    }
    if (Array.isArray(value)) return value.map(item => scrub(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, scrub(item, name)]))
  }

  const cases = run.cases.map(result => {
    const { fixture, plan, notes, verdict } = result
    if (prompts === 'keep') return result
    const { title: _title, ...untitled } = fixture
    const golden = verdict?.golden
    return {
      ...result,
      fixture: { ...untitled, payload: hashPrompts(fixture.payload) },
      ...(plan === undefined ? {} : { plan: hashTokens(plan) }),
      notes: notes.map(note => (/prompt/.test(note.field) ? { ...note, message: 'its prompt was changed' } : note)),
      ...(verdict === undefined
        ? {}
        : {
            verdict: {
              ...verdict,
              ...(golden?.plan === undefined ? {} : { golden: { ...golden, plan: hashTokens(golden.plan) } }),
            },
          }),
    }
  })
  return scrub({ ...run, cases }, '') as Run
}

/** Members of payloads that are prompts. */
const PROMPT_FIELDS = ['prompt', 'negative_prompt']

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value)
}

/** The prompt, and the two halves that the Horde makes of it. */
function promptsOf(payload: string): string[] {
  const found: string[] = []
  walkPrompts(parse(payload), prompt => {
    found.push(prompt, ...prompt.split('###').map(half => half.trim()))
    return prompt
  })
  // Short ones are words that stand in every message.
  return [...new Set(found)].filter(({ length }) => length > 3).sort((a, b) => b.length - a.length)
}

function hashPrompts(payload: string): string {
  return stringify(walkPrompts(parse(payload), hashOf)) ?? '{}'
}

function walkPrompts(value: unknown, change: (prompt: string) => string): unknown {
  if (Array.isArray(value)) return value.map(item => walkPrompts(item, change))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      PROMPT_FIELDS.includes(key) && typeof item === 'string' ? change(item) : walkPrompts(item, change),
    ]),
  )
}

/** Token ids are the prompt in other letters. */
function hashTokens(plan: unknown): unknown {
  if (!isObject(plan) || !isObject(plan.text)) return plan
  const { cond, uncond, ...text } = plan.text
  const hashed = Object.entries({ cond, uncond }).map(([name, tokens]) => [name, hashOf(JSON.stringify(tokens))])
  return { ...plan, text: { ...text, ...Object.fromEntries(hashed) } }
}

/** Equal texts stay recognisable as equal. */
function hashOf(text: string): string {
  return `sha256:${sha256Hex(text).slice(0, 16)}`
}

/** What of the private is still in a content; empty where it may be sent. */
export function leaksIn(content: string, { folders, keys }: Private): string[] {
  return [
    ...folders.flatMap(folder => (content.includes(folder) ? ['a folder of this machine'] : [])),
    ...keys.flatMap(key => (content.includes(key) ? ['a key of this environment'] : [])),
  ]
}
