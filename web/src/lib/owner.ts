// What an owner can do with a content: edit its words, delete it. Both ask in a dialog.

import { call } from './api';
import { ask } from './dialog';
import { h } from './dom';
import type { Content } from './types';

/** Asks for new words and saves them; `saved` gets the content as the node has it then. */
export function editContent(content: Content, saved: (content: Content) => void): void {
  const title = h('input', { value: content.title, maxlength: 200, required: true });
  const description = h('textarea', { rows: 5, maxlength: 5000 }, content.description);
  const fields = [
    h('label', { class: 'field' }, 'Title', title),
    h('label', { class: 'field' }, 'Description', description),
  ];
  ask('Edit', fields, h('button', { class: 'button primary' }, 'Save'), async () => {
    const words = { title: title.value.trim(), description: description.value.trim() };
    saved(await call<Content>('PATCH', `/api/v1/content/${content.id}`, words));
  });
}

/** Asks whether to delete and does so. */
export function deleteContent(content: Content, deleted: () => void): void {
  const words = `“${content.title || 'Untitled'}” and everything made of it will be removed. `;
  const text = h('p', {}, words, 'This cannot be undone.');
  const button = h('button', { class: 'button danger' }, 'Delete');
  ask('Delete this content?', [text], button, async () => {
    await call<void>('DELETE', `/api/v1/content/${content.id}`);
    deleted();
  });
}
