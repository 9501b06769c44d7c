// Compiles what npm does not ship: today's V2 pair (the published 2020 source with its five changed lines) and Lab.sol.
// Reads node_modules, writes contracts.json beside it: {name: {abi, bytecode}}.
'use strict';
const fs = require('fs');
const path = require('path');
const solc = require('solc');

const CORE = path.join(__dirname, 'node_modules/@pancakeswap-libs/pancake-swap-core/contracts');
const V2_CHANGES = [
  ['totalSupply.mul(rootK.sub(rootKLast));', 'totalSupply.mul(rootK.sub(rootKLast)).mul(8);'],
  ['rootK.mul(3).add(rootKLast);', 'rootK.mul(17).add(rootKLast.mul(8));'],
  ['balance0.mul(1000).sub(amount0In.mul(2));', 'balance0.mul(10000).sub(amount0In.mul(25));'],
  ['balance1.mul(1000).sub(amount1In.mul(2));', 'balance1.mul(10000).sub(amount1In.mul(25));'],
  ['mul(1000**2)', 'mul(10000**2)'],
];

function pair(source) {
  for (const [before, after] of V2_CHANGES) {
    if (source.split(before).length !== 2) throw new Error(`PancakePair.sol: expected one '${before}'`);
    source = source.replace(before, after);
  }
  return source;
}

function compile(sources) {
  const read = (name) => {
    const file = path.join(CORE, name);
    if (!fs.existsSync(file)) return { error: `no ${name}` };
    const text = fs.readFileSync(file, 'utf8');
    return { contents: name === 'PancakePair.sol' ? pair(text) : text };
  };
  const input = {
    language: 'Solidity',
    sources,
    settings: {
      optimizer: { enabled: true, runs: 200 },
      evmVersion: 'istanbul',
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), read));
  const errors = (output.errors || []).filter((e) => e.severity === 'error');
  if (errors.length) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  return output.contracts;
}

const result = {};
const sources = {
  'PancakeFactory.sol': { content: fs.readFileSync(path.join(CORE, 'PancakeFactory.sol'), 'utf8') },
  'Lab.sol': { content: fs.readFileSync(path.join(__dirname, 'Lab.sol'), 'utf8') },
};
for (const contracts of Object.values(compile(sources))) {
  for (const [name, c] of Object.entries(contracts)) {
    if (c.evm.bytecode.object) result[name] = { abi: c.abi, bytecode: '0x' + c.evm.bytecode.object };
  }
}
fs.writeFileSync(path.join(__dirname, 'contracts.json'), JSON.stringify(result));
