/** L’enregistrement d’un appel, avec l’accord des deux. */
import type { Recording } from './en.recording.js';
import { de } from './fr.process.js';

export const recording: Recording = {
  ask: 'Proposer d’enregistrer',
  askHint: (name, kept) =>
    `${name} doit d’abord accepter. Vous pourrez ensuite réécouter l’appel tous les deux pendant ${kept}, un médiateur aussi en cas de litige.`,
  waiting: (name) => `Nous demandons à ${name} si l’appel peut être enregistré`,
  takeBack: 'Retirer la demande',
  asked: (name) => `${name} souhaite enregistrer cet appel`,
  askedHint: (kept) =>
    `Ce que vous direz tous les deux à partir de maintenant serait enregistré. Vous pourrez l’écouter tous les deux, et un médiateur en cas de litige. Il est effacé après ${kept}, ou dès que l’un de vous le souhaite. Vous pouvez l’arrêter à tout moment.`,
  agree: 'Accepter',
  refuse: 'Ne pas enregistrer',
  on: 'Enregistrement en cours : ce que vous dites tous les deux est gardé',
  stop: 'Arrêter l’enregistrement',
  erase: 'Effacer l’enregistrement',
  eraseSure: 'L’effacer pour vous deux ? C’est définitif.',
  eraseYes: 'Effacer définitivement',
  voice: (me, name) => (me ? 'Votre voix' : `La voix ${de(name)}`),
  until: (date) => `Gardé jusqu’au ${date}`,
  lost: 'Il manque quelques instants.',
  cut: 'Le serveur s’est arrêté avant la fin : les derniers instants manquent.',
  told: {
    asked: (me, name) => `${me ? 'Vous avez' : `${name} a`} demandé à enregistrer l’appel, en y consentant`,
    agreed: (me, name) => `${me ? 'Vous avez' : `${name} a`} accepté : l’appel est enregistré à partir d’ici`,
    refused: (me, name) => `${me ? 'Vous n’avez' : `${name} n’a`} pas voulu que l’appel soit enregistré`,
    withdrawn: (me, name) => `${me ? 'Vous avez' : `${name} a`} arrêté l’enregistrement`,
    kept: 'L’appel a été enregistré',
    gone: 'L’appel a été enregistré. L’enregistrement a été effacé.',
    erased: (me, name) =>
      me ? 'Vous avez effacé l’enregistrement' : name === null ? 'L’enregistrement a été effacé' : `${name} a effacé l’enregistrement`,
  },
  stopped: {
    withdrawn: 'L’enregistrement a été arrêté',
    moved: 'L’enregistrement s’est arrêté : l’appel est passé sur un autre serveur',
    longest: 'L’enregistrement s’est arrêté : il a atteint la durée la plus longue',
    failed: 'L’enregistrement s’est arrêté',
    empty: 'L’enregistrement s’est arrêté',
  },
  gone: {
    withdrawn: 'Il n’y a pas d’enregistrement : le consentement a été retiré',
    moved: 'L’enregistrement n’a pas pu être gardé',
    longest: 'L’enregistrement n’a pas pu être gardé',
    failed: 'L’enregistrement n’a pas pu être gardé',
    empty: 'Rien n’a été enregistré : personne n’avait encore parlé',
  },
};
