/** What went wrong, told at once to those who listen; nothing when nothing did. */
export function Problem({ text }: { text: string | undefined }) {
  if (!text) return null
  return (
    <p className="banner" role="alert">
      {text}
    </p>
  )
}
