// Decides requests with iam-simulate: reads the simulations from one file, writes outcomes and times to another.
// Usage: node simulate.mjs SIMULATIONS.json OUTCOMES.json   (from a folder that has the package installed)
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(process.cwd(), 'from-here.js'))
const { runSimulation, runUnsafeSimulation } = require('@cloud-copilot/iam-simulate')

const [simulationsFile, outcomesFile] = process.argv.slice(2)
const simulations = JSON.parse(readFileSync(simulationsFile, 'utf8'))

async function inTurn(decide) {
  const started = process.hrtime.bigint()
  const answers = []
  for (const simulation of simulations) answers.push(await decide(simulation))
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, answers }
}

const checked = (simulation) => runSimulation(simulation, {})
const unchecked = (simulation) => {
  try {
    return runUnsafeSimulation(simulation, {})
  } catch (error) {
    return String(error) // a document that only the checked form refuses
  }
}

await inTurn(checked) // the first run loads data and compiles
const withChecks = await inTurn(checked)
const withoutChecks = await inTurn(unchecked)
const outcomes = withChecks.answers.map((answer) =>
  answer.resultType === 'error'
    ? { error: JSON.stringify(answer.errors) }
    : { outcome: answer.overallResult, ignored: answer.result?.ignoredContextKeys ?? [] },
)
writeFileSync(
  outcomesFile,
  JSON.stringify({ outcomes, seconds: { checked: withChecks.seconds, unchecked: withoutChecks.seconds } }),
)
