/** Ce qu’on se demande à une étape, et de brèves réponses. Sans durées : chaque commande a les siennes. */
import type { Question, Questions } from './en.questions.js';

const money: Question = [
  'Où est mon argent ?',
  'Sur un compte séquestre sécurisé. Le vendeur ne le touche qu’une fois la commande finie et validée par vous.',
];
const seenOnCard: Question = [
  'Quand verrai-je le remboursement ?',
  'Il part aussitôt. Il se voit tout de suite sur un portefeuille ou PayPal ; sur une carte bancaire, après 3 à 5 jours ouvrés.',
];
const running: Question = [
  'La commande continue. Que me reste-t-il à faire ?',
  'Rien à décider. Vous pouvez suivre l’échange ; si la commande est de nouveau suspendue, il faudra décider à nouveau.',
];
const final: Question = [
  'Puis-je revenir sur la décision ?',
  'Non. Elle est définitive, l’argent est ordonné, et vos raisons restent dans la conversation pour les deux.',
];
const partial: Question = [
  'Peut-on s’entendre sur une partie de l’argent ?',
  'Oui. Chacun peut proposer un montant sous « S’arranger ». Rien ne bouge avant l’accord de l’autre, et la proposition peut être retirée jusque-là.',
];
const whoDecides: Question = [
  'Qui décide, et quand ?',
  'Un médiateur de la place de marché, présent le plus souvent sous un à deux jours. Il lit toute la commande, vous interroge tous les deux et donne ses raisons.',
];

export const questions: Questions = {
  buyer: {
    question: [
      ['Que coûte une question ?', 'Rien. Vous ne payez que si vous commandez, et l’argent attend alors sous séquestre.'],
      ['Comment commander ?', 'Depuis la page du service. Ce que vous avez échangé ici reste avec la commande.'],
    ],
    question_closed: [
      ['Puis-je reposer une question ?', 'Oui, depuis la page du service. Cette conversation reste lisible ici.'],
    ],
    awaiting_validation: [
      ['Et si je n’ai pas encore tout ?', 'Envoyez ce que vous avez et dites quand viendra le reste. Si cela ne suffit pas à temps, la commande s’annule, tout vous est rendu, et vous pourrez la repasser une fois prêt. Vous pouvez aussi proposer au vendeur de prolonger le délai.'],
      ['Que se passe-t-il à zéro ?', 'Si le vendeur n’a pas démarré d’ici là, la commande s’annule d’elle-même et tout ce que vous avez payé vous est aussitôt remboursé : visible de suite sur un portefeuille ou PayPal, après 3 à 5 jours ouvrés sur une carte bancaire.'],
      ['Mes données sont-elles protégées ?', 'Le vendeur s’est engagé à la confidentialité. Par prudence, ne confiez pas de mot de passe qui ouvre tout un compte, ni coordonnées bancaires, ni téléphone ou adresse privés. S’il faut un accès, créez un compte à part, limité à ce que le travail exige.'],
      ['Le vendeur ne répond pas, que faire ?', 'Laissez-lui quelques heures, puis relancez-le : chaque message lui est aussi signalé par e-mail. En dernier recours, vous pouvez annuler à tout moment de cette étape et tout récupérer.'],
      ['Un doute ?', 'Posez la question ici ou proposez un appel : deux minutes de vive voix valent souvent dix messages.'],
    ],
    in_progress: [
      ['Puis-je encore changer ma demande ?', 'De petites précisions, oui : écrivez-les ici. Ce qui dépasse la commande dépend de l’accord du vendeur, et peut demander plus de temps.'],
      ['Puis-je encore annuler ?', 'Vous pouvez le demander en disant pourquoi. Si le vendeur accepte, tout vous est rendu. S’il refuse, vous pouvez demander un médiateur ; un second refus en appelle un d’office.'],
      ['Et si la livraison n’arrive pas à temps ?', 'Dès la date de livraison passée, vous pouvez annuler seul et être remboursé en totalité, ou laisser plus de temps au vendeur.'],
      money,
    ],
    late: [
      ['Dois-je annuler ?', 'Non. Vous pouvez simplement attendre, ou convenir d’une nouvelle date. Le droit d’annuler seul reste à vous jusqu’à la livraison.'],
      ['Que me rend-on si j’annule ?', 'Tout, aussitôt, sur le moyen de paiement utilisé. Une carte bancaire le montre après 3 à 5 jours ouvrés.'],
      partial,
    ],
    delivered: [
      ['Et si je ne dis rien ?', 'À la fin du délai de vérification, la commande se termine d’elle-même et le vendeur est payé. Regardez donc le travail avant zéro.'],
      ['Ce n’est pas tout à fait ça. Que faire ?', 'Demandez une retouche avant zéro, en disant précisément ce qui doit changer. Le compteur s’arrête, votre argent reste sous séquestre et la conversation reprend.'],
      ['Il me faut plus de temps pour regarder.', 'Ce délai ne se prolonge pas. Si vous voyez déjà ce qui manque, demandez une retouche : elle arrête le compteur.'],
      ['Pourquoi ne puis-je pas écrire ?', 'Pendant la vérification, deux réponses sont possibles : accepter, ou demander une retouche. L’une comme l’autre rouvre la conversation.'],
    ],
    revision_requested: [
      ['Et si le vendeur ne répond pas ?', 'Une fois son délai écoulé, vous pouvez demander un médiateur. Rien n’est versé entre-temps.'],
      ['Le vendeur peut-il refuser ?', 'Oui, en disant pourquoi : la demande est floue, ou dépasse la commande. À vous alors de choisir : accepter le travail tel quel, ou demander un médiateur.'],
      partial,
    ],
    revision_refused: [
      ['Et si je ne choisis pas ?', 'À zéro, la commande se termine et le vendeur est payé. Pour contester, demandez un médiateur avant.'],
      ['Que fait un médiateur ?', 'La commande est suspendue et personne ne touche à l’argent. Le médiateur lit tout, vous interroge tous les deux, puis vous rembourse, paie le vendeur, partage la somme ou laisse le travail continuer.'],
      partial,
    ],
    cancel_requested: [
      ['Puis-je changer d’avis ?', 'Oui. Tant que le vendeur n’a pas répondu, vous pouvez laisser la commande se poursuivre.'],
      ['Et si le vendeur refuse ?', 'La première fois, la commande continue et vous pouvez demander un médiateur. Un second refus en appelle un d’office.'],
      ['Et si le vendeur ne répond pas ?', 'Une fois son délai écoulé, vous pouvez demander un médiateur. Rien ne bouge sans réponse.'],
      seenOnCard,
    ],
    frozen: [
      whoDecides,
      ['Pourquoi ne puis-je pas écrire ?', 'La conversation est en pause jusqu’à l’arrivée du médiateur. Dès lors, elle se tient à trois.'],
      ['Que peut devenir mon argent ?', 'Il vous revient en tout ou en partie, va au vendeur, ou reste sous séquestre pendant que le travail continue. D’ici là, personne n’y touche.'],
      ['Qu’est-ce qui aide ma cause ?', 'Des faits : ce qui fut convenu par écrit, ce qui est livré, ce qui manque. Seul compte ce qui figure dans cette commande : résumez donc ici ce qui fut dit de vive voix.'],
    ],
    closed: [
      ['J’ai trouvé une erreur. Que faire ?', 'La conversation reste ouverte quelques jours : écrivez au vendeur. Une fois la commande terminée, un remboursement n’est plus possible.'],
      ['Puis-je garder nos échanges ?', 'Oui. Téléchargez le registre ci-dessous : chaque message et chaque étape y sont, scellés de sorte qu’un changement se verrait.'],
    ],
    cancelled: [
      seenOnCard,
      ['Aucun remboursement sur mon compte.', 'Si la banque n’avait pas encore encaissé le paiement, elle peut simplement effacer le débit : aucune ligne n’apparaît alors. Sans l’un ni l’autre après cinq jours ouvrés, écrivez à l’assistance avec le registre de cette commande.'],
      ['Puis-je commander à nouveau ?', 'Oui. Une commande annulée le reste, mais vous pouvez en passer une nouvelle dès que vous avez tout.'],
    ],
    expired: [
      ['Pourquoi la commande a-t-elle expiré ?', 'Une commande a une durée de vie maximale, comptée depuis le paiement. Elle s’est écoulée sans que rien ne la termine.'],
      ['Que devient mon argent ?', 'Il a quitté le séquestre pour la place de marché. Écrivez à l’assistance : vous pouvez demander un bon d’achat, taxes et frais bancaires déduits.'],
    ],
  },
  seller: {
    question: [
      ['Suis-je engagé ?', 'Non. Rien n’est commandé ni payé tant que l’acheteur ne commande pas depuis la page du service.'],
    ],
    question_closed: [
      ['L’acheteur peut-il encore commander ?', 'Oui, depuis la page du service. Cette conversation reste lisible ici.'],
    ],
    awaiting_validation: [
      ['Et s’il manque quelque chose d’essentiel ?', 'Demandez-le dans la liste, ici ou de vive voix. Vous pouvez aussi proposer plus de temps. Si rien ne vient avant zéro, la commande s’annule et l’acheteur est remboursé.'],
      ['Quand démarrer ?', 'Dès que vous jugez avoir ce qu’il vous faut. Démarrer arrête ce compteur et fixe la date de livraison : n’attendez pas la dernière minute.'],
      ['Quand suis-je payé ?', 'L’argent est déjà sous séquestre. Il est à vous dès que l’acheteur accepte votre livraison, ou à la fin du délai de vérification.'],
      ['Je ne peux pas faire cette commande.', 'Refusez-la : l’acheteur récupère tout aussitôt. Votre taux de réussite s’en ressent, mais moins que d’une commande qui s’éteint en silence.'],
      ['L’acheteur me propose un mot de passe.', 'Déclinez gentiment. Demandez un compte à part, limité à ce que le travail exige, et jamais de coordonnées bancaires.'],
    ],
    in_progress: [
      ['Puis-je livrer une partie d’abord ?', 'Partagez vos ébauches dans la conversation. Livrez quand tout est fini : la livraison lance le délai de vérification de l’acheteur.'],
      ['Il me faut plus de temps.', 'Proposez-le tôt sous « S’arranger ». Si l’acheteur accepte, la date de livraison se déplace pour vous deux.'],
      ['Et si je suis en retard ?', 'L’acheteur peut alors annuler seul et tout récupérer. Vous pouvez livrer tant qu’il ne l’a pas fait.'],
      ['L’acheteur veut plus que prévu.', 'Dites-le ici et mettez-vous d’accord par écrit. Ce qui dépasse la commande, vous pouvez le refuser.'],
    ],
    late: [
      ['Puis-je encore livrer ?', 'Oui, tant que l’acheteur n’annule pas. Dites-lui quand le travail viendra : beaucoup préfèrent attendre que recommencer.'],
      ['Serai-je payé ?', 'Oui, en totalité, si l’acheteur accepte la livraison. S’il annule maintenant, tout lui revient.'],
      partial,
    ],
    delivered: [
      ['L’acheteur ne dit rien. Suis-je payé ?', 'Oui. À la fin du délai de vérification, la commande se termine d’elle-même et l’argent vous est versé.'],
      ['J’ai oublié quelque chose.', 'Pendant la vérification, la conversation est en pause. Si l’acheteur demande une retouche, elle reprend et vous pouvez compléter le travail.'],
    ],
    revision_requested: [
      ['Puis-je refuser ?', 'Oui, en disant pourquoi : la demande est floue, ou dépasse la commande. L’acheteur accepte alors le travail tel quel ou demande un médiateur.'],
      ['Et si j’accepte ?', 'Vous avez une nouvelle date de livraison et la commande reprend. L’argent reste sous séquestre.'],
      ['Et si je ne réponds pas ?', 'Une fois votre délai écoulé, l’acheteur peut demander un médiateur. Votre silence fera partie de ce qu’il lira.'],
    ],
    revision_refused: [
      ['Que se passe-t-il maintenant ?', 'L’acheteur accepte le travail tel quel, ou demande un médiateur. S’il ne fait rien à temps, la commande se termine et vous êtes payé.'],
      partial,
    ],
    cancel_requested: [
      ['Et si j’accepte ?', 'La commande s’arrête, l’acheteur récupère tout aussitôt, et vous ne percevez rien pour elle.'],
      ['Et si je refuse ?', 'La première fois, la commande continue et l’acheteur peut demander un médiateur. Un second refus en appelle un d’office. Dites pourquoi : ce sera lu.'],
      ['Et si je ne réponds pas ?', 'Une fois votre délai écoulé, l’acheteur peut demander un médiateur.'],
      partial,
    ],
    frozen: [
      whoDecides,
      ['Dois-je continuer le travail ?', 'Mieux vaut attendre. Les compteurs sont arrêtés ; si la commande doit se poursuivre, ils reprennent avec le temps qui restait.'],
      ['Qu’est-ce qui aide ma cause ?', 'Des faits : ce qui fut convenu par écrit, ce que vous avez livré et quand. Seul compte ce qui figure dans cette commande : résumez donc ici ce qui fut dit de vive voix.'],
    ],
    closed: [
      ['Où est mon argent ?', 'Son versement vers votre portefeuille est ordonné. Une ligne de la conversation dit quand le service de paiement l’a confirmé.'],
      ['L’acheteur peut-il encore se faire rembourser ?', 'Non. Une fois la commande terminée, il n’y a plus de remboursement. Vous pouvez encore vous écrire quelques jours.'],
    ],
    cancelled: [
      ['Pourquoi est-elle annulée ?', 'La conversation dit par qui ou par quel compteur, et ce qui manquait encore.'],
      ['Le travail était à moitié fait. Que faire ?', 'Cette commande ne peut pas renaître. L’acheteur peut commander à nouveau ; convenez avant de ce qui est compris.'],
    ],
    expired: [
      ['Pourquoi la commande a-t-elle expiré ?', 'Une commande a une durée de vie maximale, comptée depuis le paiement. Elle s’est écoulée avant que l’acheteur n’accepte une livraison : rien n’est versé.'],
    ],
  },
  mediator: {
    question: [
      ['Que peut-on décider ici ?', 'Rien : aucun argent n’est en jeu avant le paiement d’une commande.'],
    ],
    question_closed: [
      ['Qu’en reste-t-il ?', 'La conversation, lisible par les deux. Aucun argent n’a jamais été en jeu.'],
    ],
    awaiting_validation: [running],
    in_progress: [running],
    late: [running],
    delivered: [running],
    revision_requested: [running],
    revision_refused: [running],
    cancel_requested: [running],
    frozen: [
      ['Que voient-ils de ce que j’écris ?', 'Tout, l’un comme l’autre : il n’y a qu’une conversation, à trois, et elle reste au registre.'],
      ['Que fait chaque décision ?', 'Rembourser : tout revient à l’acheteur, la commande est annulée. Payer : tout va au vendeur, la commande est terminée. Partager : vous fixez la part de l’acheteur, le reste va au vendeur, la commande est terminée. Continuer : rien n’est versé et les compteurs reprennent.'],
      ['Dois-je donner mes raisons ?', 'Oui, toujours. Les deux les lisent, et elles restent attachées à la commande.'],
      ['Les compteurs tournent-ils pendant ce temps ?', 'Non. Ils sont arrêtés et gardent ce qui restait.'],
    ],
    closed: [final],
    cancelled: [final],
    expired: [final],
  },
};
