// The site of the documents: `npm run docs` serves it, `npm run docs:build` builds it and fails on a dead link.

import { createRequire } from 'node:module';
import { defineConfig } from 'vitepress';

// Vite bundles what this file imports, which CommonJS does not survive.
const require = createRequire(import.meta.url);
const manifest = require('../../package.json');
const markdown = require('../../scripts/docs/markdown.js');
const groups = require('./pages.js');

const repository = manifest.repository.url.replace(/^git\+|\.git$/g, '');

const sidebar = (language) =>
  groups.map((group) => ({
    text: group[language],
    items: group.pages.map(([page, en, zh]) => ({
      text: { en, zh }[language],
      link: `/${language}/${page.replace(/index$/, '')}`,
    })),
  }));

const nav = (language) =>
  [groups[0], ...groups.slice(-3)].map((group) => ({
    text: group[language],
    link: `/${language}/${group.pages[0][0].replace(/index$/, '')}`,
    activeMatch: `^/${language}/${group.pages[0][0].split('/')[0]}/`,
  }));

/** Links that leave docs/, such as those to examples, lead to the repository. */
function leadOutside(md) {
  md.core.ruler.push('outside', ({ tokens, env }) => {
    for (const link of markdown.links(tokens)) {
      const target = markdown.outside(env.relativePath, link.attrGet('href'));
      if (target !== undefined) link.attrSet('href', `${repository}/blob/main/${target}`);
    }
  });
}

/** Chinese has no spaces between words. MiniSearch calls it here and in the browser: it may use nothing around it. */
function tokenize(text) {
  const words = new Intl.Segmenter('zh', { granularity: 'word' }).segment(text);
  return Array.from(words, ({ segment, isWordLike }) => (isWordLike ? segment : '')).filter(Boolean);
}

const chinese = {
  sidebar: sidebar('zh'),
  nav: nav('zh'),
  outline: { level: [2, 3], label: '本页目录' },
  docFooter: { prev: '上一页', next: '下一页' },
  darkModeSwitchLabel: '外观',
  lightModeSwitchTitle: '切换到浅色模式',
  darkModeSwitchTitle: '切换到深色模式',
  sidebarMenuLabel: '菜单',
  returnToTopLabel: '回到顶部',
  langMenuLabel: '切换语言',
  skipToContentLabel: '跳转到正文',
  notFound: {
    title: '页面不存在',
    quote: '你访问的页面不存在，可能已经移动或删除。',
    linkLabel: '回到首页',
    linkText: '回到首页',
  },
};

const chineseSearch = {
  button: { buttonText: '搜索', buttonAriaLabel: '搜索' },
  modal: {
    displayDetails: '显示详情',
    resetButtonTitle: '清除',
    backButtonTitle: '返回',
    noResultsText: '没有找到：',
    footer: { selectText: '选择', navigateText: '移动', closeText: '关闭' },
  },
};

export default defineConfig({
  title: 'cluster-native',
  description: manifest.description,
  base: process.env.DOCS_BASE ?? '/',
  markdown: { anchor: { slugify: markdown.slug }, config: leadOutside },
  locales: {
    en: { label: 'English', lang: 'en', link: '/en/' },
    zh: { label: '简体中文', lang: 'zh-CN', link: '/zh/', themeConfig: chinese },
  },
  themeConfig: {
    sidebar: sidebar('en'),
    nav: nav('en'),
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    search: {
      provider: 'local',
      options: { miniSearch: { options: { tokenize } }, locales: { zh: { translations: chineseSearch } } },
    },
  },
});
