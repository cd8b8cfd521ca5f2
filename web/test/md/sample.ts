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
