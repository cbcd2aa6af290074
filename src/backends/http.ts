/** HTTP for backends: bounded in time, tries and size; errors that say who did not answer, and how. */
import type { z } from 'zod'
import { BackendError } from '../errors.js'

export interface FetchOptions {
  method?: 'GET' | 'POST' | 'DELETE'
  body?: string | FormData
  headers?: Readonly<Record<string, string>>
  /** Milliseconds for one try, its body included. @default 30000 */
  timeoutMs?: number
  /** More tries after one that met no server, or one that was overloaded. @default 3 */
  retries?: number
  /** The same request may be sent twice. Otherwise only a server that says that it did nothing is asked again. @default true */
  idempotent?: boolean
  /** Milliseconds before the first retry; doubled each time. @default 500 */
  waitMs?: number
  /** Most bytes of an answer. @default 64 MiB */
  maxBytes?: number
  signal?: AbortSignal
  /** Makes an error of a refusal (status 400 to 499) by its text. */
  refused?: (text: string, status: number) => Error | undefined
}

/** Statuses of a server that did nothing: too many requests, unavailable. */
const NOT_BEGUN = new Set([429, 503])

/** Statuses after which the same request may succeed. */
const TEMPORARY = new Set([408, 425, 429, 500, 502, 503, 504])

/** @throws BackendError, or what `refused` makes of it */
export async function fetchBytes(url: URL, options: FetchOptions = {}): Promise<Uint8Array> {
  const { retries = 3, waitMs = 500, idempotent = true } = options
  for (let attempt = 0; ; attempt++) {
    const answer = await once(url, options)
    if ('bytes' in answer) return answer.bytes
    const again = idempotent ? answer.again : answer.notBegun === true
    if (!again || attempt >= retries) throw answer.error
    await new Promise(resolve => setTimeout(resolve, answer.afterMs ?? waitMs * 2 ** attempt))
    options.signal?.throwIfAborted()
  }
}

/** @throws BackendError where the answer is no JSON, or not of the schema */
export async function fetchJson<T>(url: URL, schema: z.ZodType<T>, options: FetchOptions = {}): Promise<T> {
  const text = Buffer.from(await fetchBytes(url, options)).toString('utf8')
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new BackendError(`${place(url)} answered with something else than JSON: ${shown}`, {
      cause,
      hint: 'is this the right address? the answer may have been cut off',
    })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new BackendError(
    `${place(url)} answered unexpectedly: ${issue?.path.join('.')}: ${issue?.message}; got ${shown}`,
    {
      hint: 'is this the right address, and a version that is supported?',
    },
  )
}

type Answer = { bytes: Uint8Array } | { error: Error; again: boolean; notBegun?: boolean; afterMs?: number | undefined }

async function once(url: URL, options: FetchOptions): Promise<Answer> {
  const { method = 'GET', body, headers = {}, timeoutMs = 30_000, maxBytes = 64 * 2 ** 20, signal, refused } = options
  const late = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'error',
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      ...(body === undefined ? {} : { body }),
    })
    const bytes = await readBounded(response, maxBytes)
    if (response.ok) return { bytes }
    const { status } = response
    const text = Buffer.from(bytes).toString('utf8')
    const error =
      refused?.(text, status) ??
      new BackendError(
        `${place(url)} answered with status ${status}: ${text.slice(0, 300).trim() || response.statusText}`,
      )
    return {
      error,
      again: TEMPORARY.has(status),
      notBegun: NOT_BEGUN.has(status),
      afterMs: retryAfter(response.headers.get('retry-after')),
    }
  } catch (cause) {
    if (cause instanceof BackendError) return { error: cause, again: false }
    signal?.throwIfAborted()
    if (late.aborted) {
      return {
        error: new BackendError(`${place(url)} did not answer within ${Math.round(timeoutMs / 1000)} s`, {
          cause,
          hint: 'is it overloaded?',
        }),
        again: true,
      }
    }
    const why = reason(cause)
    return {
      error: new BackendError(`${place(url)} cannot be reached: ${why}`, {
        cause,
        hint: 'does it run, and is the address right?',
      }),
      again: true,
    }
  }
}

/** At most a minute, whatever a server asks for. */
function retryAfter(header: string | null): number | undefined {
  const seconds = Number(header)
  return header === null || !Number.isFinite(seconds) ? undefined : Math.min(60, Math.max(0, seconds)) * 1000
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new BackendError(`${place(new URL(response.url))} sent more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** Without user, password and query: those may be secrets. */
function place(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** undici hides why in a cause of a cause. */
function reason(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
    if (at.cause === undefined) return at.message
  }
  return String(error)
}
