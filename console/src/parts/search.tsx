interface SearchProps {
  label: string
  placeholder: string
  value: string
  onChange(value: string): void
}

export function Search({ label, placeholder, value, onChange }: SearchProps) {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}
