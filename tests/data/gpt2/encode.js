// The tokens of a file as gpt-3-encoder has them, one in a line.
const fs = require('fs');
const {encode} = require(process.argv[2]);
for (const token of encode(fs.readFileSync(process.argv[3], 'utf8')))
    console.log(token);
