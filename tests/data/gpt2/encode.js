// The tokens of a file as gpt-3-encoder has them, one in a line.  Its time grows
// with the square of a text, so that it has one line after the other: no token
// goes from what is no space to a newline.
const fs = require('fs');
const {encode} = require(process.argv[2]);
const text = fs.readFileSync(process.argv[3], 'utf8');
const lines = text.split(/(?<=\S)(?=\n)/);
const tokens = lines.map(encode).flat();
fs.writeFileSync(1, tokens.map((token) => token + '\n').join(''));
