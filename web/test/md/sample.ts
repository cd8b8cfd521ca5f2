/** One of everything that a model writes. */
export const sample = `# A guide to **tea**

Tea is a drink made from *Camellia sinensis*; see [the article](https://example.org/tea "Tea") or <https://example.org>.
It has ***many*** forms, ~~none~~ some of them \`loose\`, costs $5 and needs $t = 3$ minutes.

## Steps

1. Boil **fresh** water
2. Warm the pot
   - with hot water
   - not with \`steam\`

     \`\`\`sh
     kettle --on
     \`\`\`
3. Wait

- [x] buy tea
- [ ] drink **it**

> Quoted with *style*
>
> \`\`\`
> fenced
> \`\`\`

| Kind | Minutes | Note |
|:-----|--------:|:----:|
| green | 2 | **mild** |
| black | 4 | \`strong\` |

\`\`\`python
def brew(minutes: int) -> str:
    """Not *emphasis* and not **bold**."""
    return f"{minutes} minutes"
\`\`\`

$$
T(t) = T_0 + \\frac{a}{b} e^{-kt}
$$

Raw <b>HTML</b> and <script>alert(1)</script> stay text. Arabic: شاي.

---

![A cup](https://images.example/cup.png)

The end, with \\*stars\\* and **bold**.
`;

/** An answer as models like to write them, without a mark that can only be understood backwards. */
export const answer = `Sure! Here's how it works:

1. **First step:** do *this* and then run \`npm install\`.
2. **Second step** – see [the docs](https://example.org/a_b(c)) for __details__.
   * nested _item_ with **bold**
   * another: \`a\` → \`b\`

   \`\`\`ts
   const x: number = 1;
   \`\`\`
3. Done

### Comparison

| Option | Price | Pros & cons |
|---|---|---|
| **A** | $5 | fast, [link](https://a.example) |
| B | $10 | *slow* |

---

Formula: $E = mc^2$ and \\(a^2 + b^2 = c^2\\), or

\\[
\\int_0^1 x\\,dx = \\frac12
\\]

> **Note:** quote with \`code\`
> second line

- [ ] todo *one*
- [x] done **two**

Term_with_underscores and 2*3*4 and a*b; 5 < 6 & 7 > 3; <kbd>Ctrl</kbd>.

![img](https://example.org/i.png) 42

1986\\. A great year. Email me at a@b.example or visit www.example.org/x_y.
`;
