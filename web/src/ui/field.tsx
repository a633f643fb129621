/** A labelled field with its unit, its hint and what is wrong with it, tied together for screen readers. */

import { type InputHTMLAttributes, type ReactNode, useId } from "react";

export function Field({
  label,
  unit,
  error,
  hint,
  action,
  ...input
}: Omit<InputHTMLAttributes<HTMLInputElement>, "id"> & {
  readonly label: string;
  readonly unit?: ReactNode;
  readonly error?: string | undefined;
  readonly hint?: ReactNode;
  /** A button at the end of the field. */
  readonly action?: ReactNode;
}) {
  const id = useId();
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return (
    <div className={error ? "field is-wrong" : "field"}>
      <label htmlFor={id}>{label}</label>
      <div className="field-box">
        <input
          type="text"
          autoComplete="off"
          spellCheck={false}
          {...input}
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={described || undefined}
        />
        {unit && <span className="field-unit">{unit}</span>}
        {action}
      </div>
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export function SelectField<T extends string>({
  label,
  value,
  options,
  onChoose,
  isLabelHidden = false,
  className = "",
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChoose: (value: T) => void;
  readonly isLabelHidden?: boolean;
  readonly className?: string;
}) {
  const id = useId();
  return (
    <div className={`field ${isLabelHidden ? "field-inline" : ""} ${className}`.trim()}>
      <label htmlFor={id} className={isLabelHidden ? "hidden" : undefined}>
        {label}
      </label>
      <select id={id} value={value} onChange={(event) => onChoose(event.target.value as T)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A number as typed: the comma of other countries' keyboards is a point, and nothing else gets in. */
export function typedNumber(text: string): string {
  return text.replace(",", ".").replace(/[^\d.]/g, "");
}
