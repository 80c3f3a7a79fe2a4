/** How a call sounds, in French. */
import type { Sound } from './en.sound.js';
import { de } from './fr.process.js';

export const sound: Sound = {
  advice: {
    my_microphone: () => 'Votre micro ne donne aucun son',
    my_sound: (name) => `${name} ne vous entend pas`,
    their_microphone: (name) => `Aucun son du micro ${de(name)}`,
    their_sound: (name) => `Aucun son ne vient ${de(name)}`,
    both_bad: () => 'La connexion est faible',
    mine_bad: (name) => `${name} vous entend mal`,
    theirs_bad: (name) => `Vous entendez mal ${name}`,
  },
  helps: {
    my_microphone: (name) => `${name} n’entend que du silence. Vérifiez l’interrupteur de votre casque, ou choisissez un autre micro.`,
    my_sound: () => 'Votre son ne passe pas. Se reconnecter suffit le plus souvent.',
    their_microphone: (name) => `Nous avons prévenu ${name}. En attendant, vous pouvez écrire.`,
    their_sound: (name) => `Le son ne passe pas. Nous avons prévenu ${name} ; en attendant, vous pouvez écrire.`,
    both_bad: () => 'Rapprochez-vous du Wi-Fi ou suspendez les téléchargements. Vous pouvez aussi écrire.',
    mine_bad: () => 'Rapprochez-vous du Wi-Fi, ou suspendez téléchargements et vidéos.',
    theirs_bad: () => 'La connexion est faible. Plus près du Wi-Fi, cela peut s’améliorer ; vous pouvez aussi écrire.',
  },
  overall: { good: 'Bon son', fair: 'Son moyen', poor: 'Mauvais son' },
  heard: {
    good: (me, name) => (me ? 'On vous a bien entendu :' : `${name} s’entendait bien :`),
    fair: (me, name) => (me ? 'On vous a assez bien entendu :' : `${name} s’entendait assez bien :`),
    poor: (me, name) => (me ? 'On vous a mal entendu :' : `${name} s’entendait mal :`),
  },
  figures: (f) => `note ${f.opinion} sur 4,5, ${f.loss} de pertes, gigue ${f.jitter} ms, aller-retour ${f.trip} ms.`,
  reconnect: 'Se reconnecter',
  reopen: 'Réessayer le micro',
  choose: 'Choisir un micro',
  hold: 'Mettre l’appel en attente',
  holdShort: 'Attente',
  resume: 'Reprendre l’appel',
  resumeShort: 'Reprendre',
  holding: 'En attente. Vous ne vous entendez plus.',
  held: (name) => `${name} a mis l’appel en attente`,
  bothHold: 'En attente des deux côtés',
};
