// Google's rules for rich results, by Adobe's validator: reads the HTML files named as arguments, prints
// {"file": {"nodes": number of entities read, "issues": [{severity, issueMessage, path, …}]}} as JSON.
import { readFileSync } from 'node:fs';
import adobe from '@adobe/structured-data-validator';
import marbec from '@marbec/web-auto-extractor';

const Validator = adobe.Validator ?? adobe;
const Extractor = marbec.default ?? marbec;
const found = {};
for (const file of process.argv.slice(2)) {
  const read = new Extractor({ addLocation: true, embedSource: ['rdfa', 'microdata'] }).parse(readFileSync(file, 'utf8'));
  const issues = await new Validator().validate(read);
  found[file] = { nodes: Object.values(read.jsonld ?? {}).flat().length, issues };
}
console.log(JSON.stringify(found));
